#include "server/limits/listening_sockets.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "bazel/temporary_folder.h"

namespace earshot {
namespace {

absl::StatusOr<ListeningSockets> Open(const std::string& text) {
  return ListeningSockets::Open((*ParseListenAddresses(text))[0]);
}

std::string WhyNot(const std::string& text) {
  return std::string(Open(text).status().message());
}

bool Connects(const char* host, int port) {
  sockaddr_storage storage = {};
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&storage);
  socklen_t size = sizeof(*ipv4);
  if (inet_pton(AF_INET, host, &ipv4->sin_addr) == 1) {
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(port);
  } else {
    inet_pton(AF_INET6, host, &ipv6->sin6_addr);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    size = sizeof(*ipv6);
  }
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connects =
      connect(fd, reinterpret_cast<sockaddr*>(&storage), size) == 0;
  close(fd);
  return connects;
}

int PortOf(const ListeningSockets& sockets) {
  return std::stoi(sockets.text().substr(sockets.text().rfind(':') + 1));
}

TEST(ListeningSocketsTest, ListensAtThePortThatTheSystemChooses) {
  const auto sockets = Open("127.0.0.1:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_THAT(sockets->text(), testing::StartsWith("127.0.0.1:"));
  EXPECT_TRUE(Connects("127.0.0.1", PortOf(*sockets)));
}

TEST(ListeningSocketsTest, ANameOfSeveralAddressesHasOnePort) {
  const auto sockets = Open("localhost:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_TRUE(Connects("127.0.0.1", PortOf(*sockets)));
  if (sockets->descriptors().size() > 1) {
    EXPECT_TRUE(Connects("::1", PortOf(*sockets)));
  }
}

TEST(ListeningSocketsTest, AnyAddressIsAnyOfBothFamilies) {
  for (const char* text : {"0.0.0.0:0", "[::]:0"}) {
    const auto sockets = Open(text);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    EXPECT_TRUE(Connects("127.0.0.1", PortOf(*sockets))) << text;
  }
}

TEST(ListeningSocketsTest, TwoCannotShareAPort) {
  const auto first = Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(WhyNot(first->text()), "address already in use");
  EXPECT_EQ(WhyNot(absl::StrCat("localhost:", PortOf(*first))),
            "address already in use");
}

TEST(ListeningSocketsTest, SaysWhyNot) {
  EXPECT_EQ(WhyNot("192.0.2.1:1"), "cannot assign requested address");
  EXPECT_EQ(WhyNot("unix:/nowhere/at/all"), "no such file or directory");
  EXPECT_NE(WhyNot("no.such.host.invalid:1"), "");
}

TEST(ListeningSocketsTest, ClosesWhatItOpened) {
  int port = 0;
  {
    const auto sockets = Open("127.0.0.1:0");
    ASSERT_TRUE(sockets.ok());
    port = PortOf(*sockets);
  }
  EXPECT_FALSE(Connects("127.0.0.1", port));
}

TEST(ListeningSocketsTest, ListensAtAPath) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  const auto sockets = Open("unix:" + path);
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_EQ(sockets->text(), "unix:" + path);
  EXPECT_EQ(WhyNot("unix:" + path), "address already in use");
}

TEST(ListeningSocketsTest, ConnectionsSendAtOnceAndGiveUpInTime) {
  const auto sockets = Open("127.0.0.1:0");
  ASSERT_TRUE(sockets.ok());
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(PortOf(*sockets));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(
      connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
      0);
  const int fd = accept(sockets->descriptors()[0], nullptr, nullptr);
  ASSERT_GE(fd, 0);
  for (const auto& [name, expected] :
       {std::pair{TCP_NODELAY, 1}, std::pair{TCP_USER_TIMEOUT, 10000}}) {
    int value = 0;
    socklen_t size = sizeof(value);
    ASSERT_EQ(getsockopt(fd, IPPROTO_TCP, name, &value, &size), 0);
    EXPECT_EQ(value, expected) << name;
  }
  close(fd);
  close(client);
}

}  // namespace
}  // namespace earshot
