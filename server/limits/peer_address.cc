#include "server/limits/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace earshot {
namespace {

constexpr char kUnix[] = "unix";

std::string Ipv4Text(const in_addr& address) {
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address, text, sizeof(text));
  return text;
}

bool IsLoopback(const in_addr& address) {
  return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

// As IPv4 where it stands for that.
ConnectionPeer Known(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, &address, sizeof(ipv4));
    return {Ipv4Text(ipv4.sin_addr), IsLoopback(ipv4.sin_addr)};
  }
  if (address.ss_family != AF_INET6) return {kUnix, true};
  sockaddr_in6 ipv6;
  std::memcpy(&ipv6, &address, sizeof(ipv6));
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) {
    in_addr ipv4;
    std::memcpy(&ipv4, ipv6.sin6_addr.s6_addr + 12, sizeof(ipv4));
    return {Ipv4Text(ipv4), IsLoopback(ipv4)};
  }
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof(text));
  return {text, static_cast<bool>(IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr))};
}

}  // namespace

std::string AddressOfPeer(absl::string_view peer) {
  if (absl::StartsWith(peer, "unix")) return kUnix;
  if (!absl::ConsumePrefix(&peer, "ipv4:") &&
      !absl::ConsumePrefix(&peer, "ipv6:")) {
    return std::string(peer);
  }
  const size_t colon = peer.rfind(':');
  if (colon == absl::string_view::npos) return std::string(peer);
  return absl::StrReplaceAll(
      peer.substr(0, colon),
      {{"%5B", ""}, {"%5D", ""}, {"[", ""}, {"]", ""}, {"%25", "%"}});
}

std::string EndpointOfPeer(absl::string_view peer) {
  std::string address = AddressOfPeer(peer);
  const size_t colon = peer.rfind(':');
  if (address == kUnix || colon == absl::string_view::npos) return address;
  return absl::StrCat(address, peer.substr(colon));
}

ConnectionPeer PeerOf(const sockaddr_storage& remote,
                      const sockaddr_storage& local) {
  ConnectionPeer peer = Known(remote);
  // A machine that speaks to itself by the name that others know it by.
  peer.same_machine |= peer.address == Known(local).address;
  peer.endpoint = peer.address;
  if (remote.ss_family != AF_UNIX) {
    sockaddr_in ipv4;  // the port stands at the same place for IPv6
    std::memcpy(&ipv4, &remote, sizeof(ipv4));
    absl::StrAppend(&peer.endpoint, ":", ntohs(ipv4.sin_port));
  }
  return peer;
}

}  // namespace earshot
