#include "client/server_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;

TEST(ServerAddressTest, HostAndPortANameOrASocket) {
  for (const char* address : {"localhost:50051", "10.0.0.1:1", "[::1]:65535",
                              "unix:/run/earshot.sock", "unix:here.sock",
                              "dns:///earshot:50051", "dns:///10.0.0.1:1"}) {
    EXPECT_TRUE(CheckServerAddress(address).ok()) << address;
  }
}

TEST(ServerAddressTest, AnythingElseIsRefusedAndToldWhatIsAllowed) {
  for (const char* address :
       {"", "localhost", ":50051", "localhost:", "localhost:0", "a:b",
        "localhost:65536", "localhost:-1", "unix:", "http://a:1", "dns:///",
        "dns:///a", "dns:///unix:/a:1", "dns:///unix:a:1", "dns://a:1"}) {
    EXPECT_THAT(CheckServerAddress(address).ToString(),
                HasSubstr("host:port or unix:/path, or dns:///host:port"))
        << address;
  }
}

TEST(ServerAddressTest, OfSeveralEachIsLookedAt) {
  EXPECT_TRUE(CheckServerAddresses("localhost:1,unix:/a,dns:///b:1").ok());
  for (const char* addresses : {"", "localhost:1,", ",localhost:1", "a:1,b"}) {
    EXPECT_FALSE(CheckServerAddresses(addresses).ok()) << addresses;
  }
  EXPECT_THAT(CheckServerAddresses("a:1,nowhere").ToString(),
              HasSubstr("\"nowhere\""));
}

}  // namespace
}  // namespace earshot
