#include "client/target_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace earshot {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

using Addresses = std::vector<std::string>;

// Generous: it is there in a moment.
constexpr std::chrono::seconds kPatience{30};

TEST(TargetLookupTest, TheTargetsLearnBeforeItIsTold) {
  boost::asio::io_context loop(1);
  const auto work = boost::asio::make_work_guard(loop);
  auto targets = ServerTargets::Create("dns:///earshot:7");
  ASSERT_TRUE(targets.ok());
  bool told = false;
  TargetLookup lookup(
      loop.get_executor(), *targets,
      [&] {
        told = true;
        EXPECT_EQ(targets->address(), "127.0.0.1:7");
      },
      [](const std::string& name) {
        EXPECT_EQ(name, "earshot:7");
        return Addresses{"127.0.0.1:7"};
      });
  lookup.Start();
  loop.run_one_for(kPatience);
  EXPECT_TRUE(told);
}

TEST(TargetLookupTest, OneAtATime) {
  boost::asio::io_context loop(1);
  const auto work = boost::asio::make_work_guard(loop);
  auto targets = ServerTargets::Create("dns:///earshot:7");
  ASSERT_TRUE(targets.ok());
  std::atomic<int> count = 0;
  std::promise<void> goes_on;
  TargetLookup lookup(
      loop.get_executor(), *targets, [] {},
      [&, waits = goes_on.get_future().share()](const std::string&) {
        waits.wait();
        ++count;
        return Addresses{};
      });
  lookup.Start();
  lookup.Start();
  goes_on.set_value();
  loop.run_one_for(kPatience);
  EXPECT_EQ(count, 1);
  EXPECT_TRUE(targets->IsUnknown());
  lookup.Start();
  loop.run_one_for(kPatience);
  EXPECT_EQ(count, 2);
}

TEST(TargetLookupTest, NobodyWaitsForAThreadThatIsLeft) {
  boost::asio::io_context loop(1);
  auto targets = ServerTargets::Create("dns:///earshot:7");
  ASSERT_TRUE(targets.ok());
  std::promise<void> goes_on;
  auto ended = std::make_shared<std::promise<void>>();
  {
    TargetLookup lookup(
        loop.get_executor(), *targets, [] { ADD_FAILURE(); },
        [waits = goes_on.get_future().share(), ended](const std::string&) {
          waits.wait();
          ended->set_value();
          return Addresses{"127.0.0.1:7"};
        });
    lookup.Start();
  }
  goes_on.set_value();
  ended->get_future().wait();
  loop.poll();
  EXPECT_TRUE(targets->IsUnknown());
}

TEST(TargetLookupTest, AddressesAloneAreNotLookedUp) {
  boost::asio::io_context loop(1);
  const auto work = boost::asio::make_work_guard(loop);
  auto targets = ServerTargets::Create("localhost:7,unix:/s");
  ASSERT_TRUE(targets.ok());
  TargetLookup lookup(
      loop.get_executor(), *targets, [] { ADD_FAILURE(); },
      [](const std::string&) {
        ADD_FAILURE();
        return Addresses{};
      });
  lookup.Start();
  // A look-up's thread would say something soon.
  EXPECT_EQ(loop.run_one_for(std::chrono::milliseconds(50)), 0u);
}

TEST(TargetLookupTest, NamesHaveAddresses) {
  EXPECT_THAT(TargetLookup::FindAddresses("localhost:7"),
              Contains("127.0.0.1:7"));
  EXPECT_THAT(TargetLookup::FindAddresses("[::1]:7"), Contains("[::1]:7"));
  EXPECT_THAT(TargetLookup::FindAddresses("no.such.name.invalid:7"), IsEmpty());
}

}  // namespace
}  // namespace earshot
