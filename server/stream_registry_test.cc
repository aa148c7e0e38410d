#include "server/stream_registry.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace earshot {
namespace {

using Entry = StreamRegistry::Entry;

const MonotonicTime kNow = MonotonicTime() + std::chrono::hours(1);
const auto kAnyStream = [](const StreamInfo&) { return true; };

std::shared_ptr<Entry> MakeEntry(const std::string& name) {
  StreamInfo info;
  info.name = name;
  return std::make_shared<Entry>(info, PlayoutConfig());
}

std::shared_ptr<Entry> Add(StreamRegistry* registry, const std::string& name) {
  auto entry = MakeEntry(name);
  std::shared_ptr<Entry> replaced;
  EXPECT_TRUE(registry->Add(entry, &replaced).ok());
  return entry;
}

std::vector<std::string> Names(const std::vector<StreamView>& views) {
  std::vector<std::string> names;
  for (const StreamView& view : views) names.push_back(view.info.name);
  return names;
}

TEST(StreamRegistryTest, ListsOpenAndClosedStreamsByName) {
  StreamRegistry registry;
  for (const char* name : {"c", "a", "d", "b"}) {
    const auto entry = Add(&registry, name);
    if (name[0] % 2 == 0) {
      entry->session()->Replace("another call", kNow);
      registry.Close(entry, kNow);
    }
  }
  EXPECT_EQ(Names(registry.List("", 10, kNow, kAnyStream)),
            (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(Names(registry.List("a", 2, kNow, kAnyStream)),
            (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(registry.Find("b", kNow)->stats.state, SessionState::kClosed);
  EXPECT_EQ(registry.Find("c", kNow)->stats.state, SessionState::kIdle);
  EXPECT_FALSE(registry.Find("e", kNow));
  EXPECT_NE(registry.FindOpen("a"), nullptr);
  EXPECT_EQ(registry.FindOpen("b"), nullptr);
}

TEST(StreamRegistryTest, ANewStreamTakesThePlaceOfTheOldOne) {
  StreamRegistry registry;
  const auto first = Add(&registry, "a");
  const auto second = MakeEntry("a");
  std::shared_ptr<Entry> replaced;
  ASSERT_TRUE(registry.Add(second, &replaced).ok());
  EXPECT_EQ(replaced, first);
  registry.Close(first, kNow);
  EXPECT_EQ(registry.OpenEntries(), std::vector{second});
  EXPECT_EQ(registry.List("", 10, kNow, kAnyStream).size(), 1u);
}

TEST(StreamRegistryTest, ForgetsClosedStreamsInTime) {
  StreamRegistry registry;
  registry.Close(Add(&registry, "a"), kNow);
  EXPECT_TRUE(registry.Find("a", kNow + StreamRegistry::kKeepClosed));
  EXPECT_FALSE(registry.Find(
      "a", kNow + StreamRegistry::kKeepClosed + std::chrono::seconds(1)));
}

TEST(StreamRegistryTest, KeepsABoundedNumberOfClosedStreams) {
  StreamRegistry registry;
  for (size_t i = 0; i < StreamRegistry::kMaxClosed + 5; ++i) {
    registry.Close(Add(&registry, std::to_string(1000 + i)), kNow);
  }
  EXPECT_EQ(registry.List("", 1000, kNow, kAnyStream).size(),
            StreamRegistry::kMaxClosed);
  EXPECT_FALSE(registry.Find("1000", kNow));
}

TEST(StreamRegistryTest, BoundsSessions) {
  StreamRegistry registry;
  std::shared_ptr<Entry> replaced;
  for (size_t i = 0; i < StreamRegistry::kMaxSessions; ++i) {
    Add(&registry, "same name");  // those that were replaced still play
  }
  EXPECT_EQ(registry.Add(MakeEntry("b"), &replaced).reason,
            Reason::kTooManyStreams);
}

TEST(StreamRegistryTest, WaitsForNoStreamThatWaitsForItsClient) {
  StreamRegistry registry;
  Session& session = *Add(&registry, "a")->session();
  const uint64_t call = session.Attach(0, kNow)->call;
  EpochParams params;
  params.epoch = 1;
  ASSERT_TRUE(session.Begin(call, params, kNow).ok());
  const auto deadline = std::chrono::steady_clock::now();
  EXPECT_FALSE(registry.WaitUntilPlayed(deadline));
  session.CallLost(call, std::chrono::seconds(10), kNow);
  EXPECT_TRUE(registry.WaitUntilPlayed(deadline));
}

TEST(StreamRegistryTest, KnowsWhenEverythingIsClosed) {
  StreamRegistry registry;
  const auto deadline = std::chrono::steady_clock::now();
  EXPECT_TRUE(registry.WaitUntilPlayed(deadline));
  const auto entry = Add(&registry, "a");
  EXPECT_FALSE(registry.WaitUntilPlayed(deadline));
  registry.Close(entry, kNow);
  EXPECT_TRUE(registry.WaitUntilPlayed(deadline));
}

}  // namespace
}  // namespace earshot
