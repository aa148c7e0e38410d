#include "server/stream_registry.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace earshot {
namespace {

using Entry = StreamRegistry::Entry;

const MonotonicTime kNow = MonotonicTime() + std::chrono::hours(1);

std::shared_ptr<Entry> MakeEntry(const std::string& name) {
  auto entry = std::make_shared<Entry>();
  entry->info.name = name;
  entry->session = std::make_shared<Session>(PlayoutConfig());
  return entry;
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
      entry->session->CloseRequests(kNow);
      registry.Close(entry, kNow);
    }
  }
  EXPECT_EQ(Names(registry.List("", 10, kNow)),
            (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(Names(registry.List("a", 2, kNow)),
            (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(registry.Find("b", kNow)->stats.state, SessionState::kClosed);
  EXPECT_EQ(registry.Find("c", kNow)->stats.state, SessionState::kIdle);
  EXPECT_FALSE(registry.Find("e", kNow));
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
  EXPECT_EQ(registry.List("", 10, kNow).size(), 1u);
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
  EXPECT_EQ(registry.List("", 1000, kNow).size(), StreamRegistry::kMaxClosed);
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

TEST(StreamRegistryTest, KnowsWhenEverythingIsClosed) {
  StreamRegistry registry;
  const auto deadline = std::chrono::steady_clock::now();
  EXPECT_TRUE(registry.WaitUntilClosed(deadline));
  const auto entry = Add(&registry, "a");
  EXPECT_FALSE(registry.WaitUntilClosed(deadline));
  registry.Close(entry, kNow);
  EXPECT_TRUE(registry.WaitUntilClosed(deadline));
}

}  // namespace
}  // namespace earshot
