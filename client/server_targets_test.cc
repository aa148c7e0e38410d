#include "client/server_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace earshot {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

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
                HasSubstr("host:port or unix:/path, or dns:///host:port"));
  }
  EXPECT_FALSE(ServerTargets::Create("dns:///unix:/a:1").ok());
  EXPECT_FALSE(ServerTargets::Create("dns:///a").ok());
}

using Addresses = std::vector<std::string>;

// The addresses in the order in which they have their turns.
Addresses InTurn(ServerTargets& targets) {
  Addresses result;
  for (size_t i = 0; i < targets.size(); ++i) {
    result.push_back(targets.address());
    targets.Rotate();
  }
  return result;
}

ServerTargets Learned(const Addresses& addresses) {
  auto targets = ServerTargets::Create("dns:///earshot:1");
  EXPECT_TRUE(targets.ok());
  EXPECT_TRUE(targets->IsUnknown());
  targets->Learn("earshot:1", addresses);
  return *std::move(targets);
}

TEST(ServerTargetsTest, ANameIsAllItsAddresses) {
  ServerTargets targets = Learned({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
  EXPECT_FALSE(targets.IsUnknown());
  EXPECT_THAT(InTurn(targets),
              UnorderedElementsAre("10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"));
}

TEST(ServerTargetsTest, ClientsSpreadAlsoThoseThatLoseTheSameOne) {
  std::map<std::string, int> first;
  std::map<std::string, int> second;  // of those that began at 10.0.0.1
  for (int i = 0; i < 300; ++i) {
    ServerTargets targets = Learned({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
    const Addresses turns = InTurn(targets);
    ++first[turns[0]];
    if (turns[0] == "10.0.0.1:1") ++second[turns[1]];
  }
  EXPECT_EQ(first.size(), 3u);
  for (const auto& [address, count] : first) EXPECT_GT(count, 50) << address;
  EXPECT_EQ(second.size(), 2u);
  for (const auto& [address, count] : second) EXPECT_GT(count, 15) << address;
}

TEST(ServerTargetsTest, TheOneInUseStaysUntilItFails) {
  ServerTargets targets = Learned({"10.0.0.1:1"});
  const auto channel = targets.channel();
  targets.Learn("earshot:1", {"10.0.0.2:1"});
  EXPECT_EQ(targets.address(), "10.0.0.1:1");
  EXPECT_EQ(targets.channel(), channel);
  targets.Rotate();
  EXPECT_EQ(targets.address(), "10.0.0.2:1");
  targets.Learn("earshot:1", {"10.0.0.2:1", "10.0.0.3:1"});
  EXPECT_EQ(InTurn(targets), (Addresses{"10.0.0.2:1", "10.0.0.3:1"}));
}

TEST(ServerTargetsTest, AnAddressThatANameStillHasKeepsItsChannel) {
  ServerTargets targets = Learned({"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"});
  std::map<std::string, std::shared_ptr<grpc::Channel>> before;
  for (size_t i = 0; i < targets.size(); ++i) {
    before[targets.address()] = targets.channel();
    targets.Rotate();
  }
  const std::string in_use = targets.address();
  targets.Learn("earshot:1",
                {"10.0.0.4:1", "10.0.0.3:1", "10.0.0.2:1", "10.0.0.1:1"});
  EXPECT_EQ(targets.address(), in_use);
  EXPECT_EQ(targets.size(), 4u);
  for (size_t i = 0; i < targets.size(); ++i) {
    if (before.count(targets.address()) != 0) {
      EXPECT_EQ(targets.channel(), before[targets.address()]);
    }
    targets.Rotate();
  }
}

TEST(ServerTargetsTest, NamesLearnForThemselves) {
  auto targets = ServerTargets::Create("dns:///a:1,dns:///b:1");
  ASSERT_TRUE(targets.ok());
  EXPECT_EQ(targets->names(), (Addresses{"a:1", "b:1"}));
  targets->Learn("b:1", {"10.0.0.2:1"});
  EXPECT_TRUE(targets->IsUnknown());
  targets->Learn("nobody:1", {"10.0.0.9:1"});
  EXPECT_EQ(InTurn(*targets), (Addresses{"dns:///a:1", "10.0.0.2:1"}));
  targets->Learn("a:1", {"10.0.0.1:1"});
  EXPECT_EQ(InTurn(*targets), (Addresses{"10.0.0.1:1", "10.0.0.2:1"}));
}

TEST(ServerTargetsTest, ALookUpThatFindsNothingChangesNothing) {
  ServerTargets targets = Learned({"10.0.0.1:1", "10.0.0.2:1"});
  targets.Learn("earshot:1", {});
  EXPECT_THAT(InTurn(targets),
              UnorderedElementsAre("10.0.0.1:1", "10.0.0.2:1"));
}

TEST(ServerTargetsTest, NamesAndAddressesKeepTheirOrder) {
  auto targets = ServerTargets::Create("unix:/a,dns:///earshot:1,unix:/b");
  ASSERT_TRUE(targets.ok());
  EXPECT_FALSE(targets->IsUnknown());
  targets->Rotate();
  EXPECT_TRUE(targets->IsUnknown());
  targets->Rotate();
  targets->Learn("earshot:1", {"10.0.0.1:1"});
  EXPECT_EQ(InTurn(*targets), (Addresses{"unix:/b", "unix:/a", "10.0.0.1:1"}));
}

}  // namespace
}  // namespace earshot
