#include "client/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(ChannelTest, TakesHostAndPortOrASocket) {
  for (const char* server :
       {"localhost:50051", "10.0.0.1:1", "[::1]:50051",
        "unix:/run/earshot.sock", "unix:here.sock", "dns:///earshot:50051"}) {
    EXPECT_TRUE(CreateChannel(server).ok()) << server;
  }
}

TEST(ChannelTest, RefusesAndSaysWhatIsAllowed) {
  for (const char* server : {"", "localhost", "dns:///a"}) {
    EXPECT_THAT(CreateChannel(server).status().ToString(),
                testing::HasSubstr("host:port or unix:/path"))
        << server;
  }
}

}  // namespace
}  // namespace earshot
