#include "server/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "bazel/temporary_folder.h"

namespace earshot {
namespace {

TEST(ListenAddressTest, ReadsTcpAndUnixAddresses) {
  const auto addresses =
      ParseListenAddresses("localhost:50051,[::1]:0,unix:/run/a.sock");
  ASSERT_TRUE(addresses.ok());
  ASSERT_EQ(addresses->size(), 3u);
  EXPECT_EQ((*addresses)[0].host, "localhost");
  EXPECT_EQ((*addresses)[1].host, "[::1]");
  EXPECT_EQ((*addresses)[2].unix_path, "/run/a.sock");
}

TEST(ListenAddressTest, RefusesWhatIsNoAddress) {
  for (const std::string text :
       {"", "localhost", ":1", "localhost:", "localhost:x", "localhost:65536",
        "localhost:-1", "::1:50051", "[::1:1", "::1]:1", "[]:1",
        "unix:", "unix:relative", "a:1,", ",a:1"}) {
    EXPECT_FALSE(ParseListenAddresses(text).ok()) << text;
  }
  EXPECT_FALSE(ParseListenAddresses("unix:/" + std::string(107, 'x')).ok());
  EXPECT_TRUE(ParseListenAddresses("unix:/" + std::string(106, 'x')).ok());
}

TEST(ListenAddressTest, RemovesNothingButSockets) {
  EXPECT_TRUE(RemoveStaleSocket(testing::TempDir() + "/nothing").ok());
  const std::string file = testing::TempDir() + "/precious";
  std::ofstream(file) << "x";
  EXPECT_FALSE(RemoveStaleSocket(file).ok());
  EXPECT_TRUE(std::ifstream(file).good());
}

TEST(ListenAddressTest, KeepsSocketsThatSomebodyHolds) {
  const TemporaryFolder folder;
  const std::string path = folder / "s";
  // No stream can be connected to it, but it is no leftover.
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
            0);
  EXPECT_FALSE(RemoveStaleSocket(path).ok());
  EXPECT_TRUE(std::filesystem::exists(path));
  close(fd);
  EXPECT_TRUE(RemoveStaleSocket(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListenAddressTest, KnowsWhatOnlyThisMachineReaches) {
  const auto stays_here = [](const char* text) {
    return StaysOnThisMachine((*ParseListenAddresses(text))[0]);
  };
  for (const char* text : {"localhost:1", "127.0.0.1:1", "127.1.2.3:1",
                           "[::1]:1", "unix:/run/a.sock"}) {
    EXPECT_TRUE(stays_here(text)) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "192.0.2.1:1",
                           "127.example.org:1", "example.org:1"}) {
    EXPECT_FALSE(stays_here(text)) << text;
  }
}

}  // namespace
}  // namespace earshot
