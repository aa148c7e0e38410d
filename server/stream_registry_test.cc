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

std::shared_ptr<Entry> MakeEntry(const std::string& name,
                                 const std::string& principal = "anonymous") {
  StreamInfo info;
  info.name = name;
  info.principal = principal;
  return std::make_shared<Entry>(info, PlayoutConfig());
}

std::shared_ptr<Entry> Add(StreamRegistry* registry, const std::string& name) {
  auto entry = MakeEntry(name);
  std::shared_ptr<Entry> replaced;
  EXPECT_TRUE(registry->Add(entry, Quotas(), &replaced).ok());
  return entry;
}

std::vector<std::string> Names(const std::vector<StreamView>& views) {
  std::vector<std::string> names;
  for (const StreamView& view : views) names.push_back(view.info.name);
  return names;
}

TEST(StreamRegistryTest, AnotherPrincipalDoesNotTakeAStreamOver) {
  StreamRegistry registry;
  std::shared_ptr<Entry> replaced;
  const auto first = MakeEntry("a", "token:alice");
  ASSERT_TRUE(registry.Add(first, Quotas(), &replaced).ok());
  const Refusal refusal =
      registry.Add(MakeEntry("a", "token:bob"), Quotas(), &replaced);
  EXPECT_EQ(refusal.reason, Reason::kStreamOfAnother);
  EXPECT_EQ(refusal.message.find("alice"), std::string::npos);
  EXPECT_EQ(replaced, nullptr);
  EXPECT_EQ(registry.FindOpen("a"), first);
  EXPECT_TRUE(
      registry.Add(MakeEntry("a", "token:alice"), Quotas(), &replaced).ok());
  EXPECT_EQ(replaced, first);
  // Once it is closed, its name is free.
  registry.Close(registry.FindOpen("a"), kNow);
  EXPECT_TRUE(
      registry.Add(MakeEntry("a", "token:bob"), Quotas(), &replaced).ok());
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
  ASSERT_TRUE(registry.Add(second, Quotas(), &replaced).ok());
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
  EXPECT_EQ(registry.Add(MakeEntry("b"), Quotas(), &replaced).reason,
            Reason::kTooManyStreams);
}

TEST(StreamRegistryTest, KeepsToTheQuotaOfStreams) {
  StreamRegistry registry;
  std::shared_ptr<Entry> replaced;
  Quotas quotas;
  quotas.max_streams = 2;
  ASSERT_TRUE(registry.Add(MakeEntry("a"), quotas, &replaced).ok());
  ASSERT_TRUE(registry.Add(MakeEntry("b"), quotas, &replaced).ok());
  const Refusal refusal = registry.Add(MakeEntry("c"), quotas, &replaced);
  EXPECT_EQ(refusal.reason, Reason::kTooManyStreams);
  EXPECT_EQ(refusal.quota, "max_streams");
  EXPECT_GT(refusal.retry_after.count(), 0);
  EXPECT_EQ(registry.FindOpen("c"), nullptr);
  quotas.max_streams = 0;
  EXPECT_TRUE(registry.Add(MakeEntry("c"), quotas, &replaced).ok());
}

class PrincipalQuotaTest : public testing::Test {
 protected:
  Refusal Add(const std::string& name, const std::string& principal) {
    const auto entry = MakeEntry(name, principal);
    Refusal refusal = registry_.Add(entry, quotas_, &replaced_);
    if (refusal.ok()) last_ = entry;
    return refusal;
  }

  StreamRegistry registry_;
  Quotas quotas_{.max_streams_per_principal = 2};
  std::shared_ptr<Entry> replaced_;
  std::shared_ptr<Entry> last_;
};

TEST_F(PrincipalQuotaTest, EachHasHisOwn) {
  ASSERT_TRUE(Add("a0", "a").ok());
  ASSERT_TRUE(Add("a1", "a").ok());
  const Refusal refusal = Add("a2", "a");
  EXPECT_EQ(refusal.reason, Reason::kTooManyStreamsOfPrincipal);
  EXPECT_EQ(refusal.quota, "max_streams_per_principal of a");
  EXPECT_TRUE(Add("b0", "b").ok());
  registry_.Close(registry_.FindOpen("a0"), kNow);
  EXPECT_TRUE(Add("a2", "a").ok());
}

TEST_F(PrincipalQuotaTest, AStreamMayBeOpenedAnewAtOnce) {
  ASSERT_TRUE(Add("a0", "a").ok());
  ASSERT_TRUE(Add("a1", "a").ok());
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Add("a1", "a").ok()) << i;
}

TEST_F(PrincipalQuotaTest, OpeningAnewAgainAndAgainFillsNothing) {
  int opened = 0;
  while (opened < 1000 && Add("a0", "a").ok()) ++opened;
  EXPECT_LT(opened, 10);
  EXPECT_TRUE(Add("b0", "b").ok());
}

TEST_F(PrincipalQuotaTest, ThoseOfNobodyAreNotCounted) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Add(std::to_string(i), "anonymous").ok());
  }
}

TEST_F(PrincipalQuotaTest, ZeroIsNoBound) {
  quotas_.max_streams_per_principal = 0;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Add(std::to_string(i), "a").ok());
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
