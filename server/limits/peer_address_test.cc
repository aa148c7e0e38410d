#include "server/limits/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace earshot {
namespace {

sockaddr_storage Address(const char* text) {
  sockaddr_storage storage = {};
  sockaddr_in ipv4 = {};
  sockaddr_in6 ipv6 = {};
  if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1) {
    ipv4.sin_family = AF_INET;
    std::memcpy(&storage, &ipv4, sizeof(ipv4));
  } else if (inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1) {
    ipv6.sin6_family = AF_INET6;
    std::memcpy(&storage, &ipv6, sizeof(ipv6));
  } else {
    storage.ss_family = AF_UNIX;
  }
  return storage;
}

TEST(PeerAddressTest, IsWithoutThePort) {
  EXPECT_EQ(AddressOfPeer("ipv4:192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B2001:db8::1%5D:4711"), "2001:db8::1");
  EXPECT_EQ(AddressOfPeer("ipv6:[2001:db8::1]:4711"), "2001:db8::1");
}

TEST(PeerAddressTest, AnEndpointIsTheSameHoweverItIsLearnt) {
  sockaddr_storage ipv4 = Address("192.0.2.1");
  reinterpret_cast<sockaddr_in*>(&ipv4)->sin_port = htons(4711);
  sockaddr_storage ipv6 = Address("2001:db8::1");
  reinterpret_cast<sockaddr_in6*>(&ipv6)->sin6_port = htons(4711);
  const sockaddr_storage local = Address("192.0.2.9");
  EXPECT_EQ(PeerOf(ipv4, local).endpoint, "192.0.2.1:4711");
  EXPECT_EQ(EndpointOfPeer("ipv4:192.0.2.1:4711"), "192.0.2.1:4711");
  EXPECT_EQ(PeerOf(ipv6, local).endpoint, "2001:db8::1:4711");
  EXPECT_EQ(EndpointOfPeer("ipv6:%5B2001:db8::1%5D:4711"), "2001:db8::1:4711");
  EXPECT_EQ(EndpointOfPeer("unix:"), PeerOf(Address("unix"), local).endpoint);
}

TEST(PeerAddressTest, UnixSocketsAreOnePeer) {
  EXPECT_EQ(AddressOfPeer("unix:"), "unix");
  EXPECT_EQ(AddressOfPeer("unix:/run/earshot.sock"), "unix");
  EXPECT_EQ(AddressOfPeer("unix-abstract:a"), "unix");
}

TEST(PeerAddressTest, WhatIsNotKnownStaysAsItIs) {
  EXPECT_EQ(AddressOfPeer(""), "");
  EXPECT_EQ(AddressOfPeer("ipv4:"), "");
  EXPECT_EQ(AddressOfPeer("vsock:1:2"), "vsock:1:2");
}

TEST(PeerAddressTest, OtherMachinesAreNotThisOne) {
  const auto peer = PeerOf(Address("192.0.2.1"), Address("192.0.2.9"));
  EXPECT_EQ(peer.address, "192.0.2.1");
  EXPECT_FALSE(peer.same_machine);
  EXPECT_FALSE(
      PeerOf(Address("2001:db8::1"), Address("2001:db8::2")).same_machine);
}

TEST(PeerAddressTest, LoopbackUnixAndOnesOwnAddressAreThisMachine) {
  EXPECT_TRUE(PeerOf(Address("127.0.0.1"), Address("127.0.0.1")).same_machine);
  EXPECT_TRUE(PeerOf(Address("127.9.9.9"), Address("127.0.0.1")).same_machine);
  EXPECT_TRUE(PeerOf(Address("::1"), Address("::1")).same_machine);
  EXPECT_TRUE(PeerOf(Address("192.0.2.9"), Address("192.0.2.9")).same_machine);
  EXPECT_TRUE(PeerOf(Address("unix"), Address("unix")).same_machine);
  EXPECT_EQ(PeerOf(Address("unix"), Address("unix")).address, "unix");
}

TEST(PeerAddressTest, Ipv4WithinIpv6IsIpv4) {
  const auto peer =
      PeerOf(Address("::ffff:192.0.2.1"), Address("::ffff:192.0.2.9"));
  EXPECT_EQ(peer.address, "192.0.2.1");
  EXPECT_FALSE(peer.same_machine);
  EXPECT_TRUE(PeerOf(Address("::ffff:127.0.0.1"), Address("::ffff:127.0.0.1"))
                  .same_machine);
}

}  // namespace
}  // namespace earshot
