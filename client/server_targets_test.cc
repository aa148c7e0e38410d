#include "client/server_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;

TEST(ServerTargetsTest, TargetsHaveTheirTurns) {
  auto targets = ServerTargets::Create("localhost:1,unix:/b");
  ASSERT_TRUE(targets.ok()) << targets.status();
  EXPECT_EQ(targets->size(), 2u);
  EXPECT_EQ(targets->address(), "localhost:1");
  targets->Rotate();
  EXPECT_EQ(targets->address(), "unix:/b");
  targets->Rotate();
  EXPECT_EQ(targets->address(), "localhost:1");
}

TEST(ServerTargetsTest, RenewedConnectionsAreNewOnes) {
  auto targets = ServerTargets::Create("localhost:1");
  ASSERT_TRUE(targets.ok());
  const auto before = targets->channel();
  targets->Rotate();
  EXPECT_EQ(targets->channel(), before);
  targets->Renew();
  EXPECT_NE(targets->channel(), before);
}

TEST(ServerTargetsTest, EveryOneIsChecked) {
  for (const char* servers : {"", "a", "localhost:1,", "localhost:1,b"}) {
    EXPECT_THAT(ServerTargets::Create(servers).status().ToString(),
                HasSubstr("host:port or unix:/path"));
  }
}

}  // namespace
}  // namespace earshot
