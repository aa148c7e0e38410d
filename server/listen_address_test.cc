#include "server/listen_address.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

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
        "localhost:-1", "unix:", "unix:relative", "a:1,", ",a:1"}) {
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

}  // namespace
}  // namespace earshot
