#include "server/limits/open_limits.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const MonotonicTime kStart = MonotonicTime() + std::chrono::hours(1);
constexpr int kRate = 20;
constexpr int kBurst = 200;
constexpr char kWho[] = "spiffe://example.org/vm/a";

class OpenLimitsTest : public testing::Test {
 protected:
  // A call that opens a stream at once.
  Refusal Open(const std::string& key, MonotonicTime now) {
    Refusal refusal = limits_.OnCall(key, kRate, now);
    if (!refusal.ok()) return refusal;
    refusal = limits_.OnOpen(key, kRate, now);
    limits_.Settle(key);
    return refusal;
  }

  int OpenMany(const std::string& key, int wanted, MonotonicTime now) {
    int opened = 0;
    for (int i = 0; i < wanted; ++i) opened += Open(key, now).ok() ? 1 : 0;
    return opened;
  }

  OpenLimits limits_;
};

TEST_F(OpenLimitsTest, TakesABurstAndThenTheRate) {
  EXPECT_EQ(OpenMany(kWho, 1000, kStart), kBurst);
  EXPECT_EQ(OpenMany(kWho, 1000, kStart + seconds(1)), kRate);
}

TEST_F(OpenLimitsTest, SaysWhoAndWhenToComeBack) {
  OpenMany(kWho, kBurst, kStart);
  const Refusal refusal = Open(kWho, kStart);
  EXPECT_EQ(refusal.reason, Reason::kTooManyOpens);
  EXPECT_GE(refusal.retry_after, milliseconds(50));
  EXPECT_EQ(refusal.quota, absl::StrCat("max_opens_per_second of ", kWho));
}

TEST_F(OpenLimitsTest, OnesFloodIsNotAnothersTrouble) {
  OpenMany(kWho, 1000, kStart);
  EXPECT_TRUE(Open("token:alice", kStart).ok());
}

TEST_F(OpenLimitsTest, AnonymousOnesCountByAddress) {
  EXPECT_EQ(OpenLimits::KeyOf("token:alice", "ipv4:192.0.2.1:1"),
            "token:alice");
  EXPECT_EQ(OpenLimits::KeyOf("anonymous", "ipv4:192.0.2.1:1"),
            OpenLimits::KeyOf("anonymous", "ipv4:192.0.2.1:2"));
  EXPECT_NE(OpenLimits::KeyOf("anonymous", "ipv4:192.0.2.1:1"),
            OpenLimits::KeyOf("anonymous", "ipv4:192.0.2.2:1"));
}

TEST_F(OpenLimitsTest, WhoGoesOnIsNotRefusedWhereNewStreamsAre) {
  OpenMany(kWho, 1000, kStart);
  ASSERT_FALSE(Open(kWho, kStart).ok());
  for (int i = 0; i < kBurst - 1; ++i) {
    ASSERT_TRUE(limits_.OnCall(kWho, kRate, kStart).ok()) << i;
    limits_.Charge(kWho, kRate, kStart);
    limits_.Settle(kWho);
  }
}

TEST_F(OpenLimitsTest, GoingOnWithoutEndIsRefused) {
  int taken = 0;
  while (taken < 10 * kBurst && limits_.OnCall(kWho, kRate, kStart).ok()) {
    limits_.Charge(kWho, kRate, kStart);
    limits_.Settle(kWho);
    ++taken;
  }
  EXPECT_EQ(taken, 2 * kBurst);
}

TEST_F(OpenLimitsTest, CallsThatSayNothingAreBounded) {
  for (int i = 0; i < kBurst; ++i) {
    ASSERT_TRUE(limits_.OnCall(kWho, kRate, kStart).ok());
  }
  EXPECT_EQ(limits_.OnCall(kWho, kRate, kStart + seconds(60)).reason,
            Reason::kTooManyOpens);
  limits_.Settle(kWho);
  EXPECT_TRUE(limits_.OnCall(kWho, kRate, kStart + seconds(60)).ok());
}

TEST_F(OpenLimitsTest, WhoIsRefusedWithoutEndFloods) {
  EXPECT_FALSE(limits_.Floods(kWho, kStart));
  OpenMany(kWho, kBurst + 4 * kBurst, kStart);
  EXPECT_FALSE(limits_.Floods(kWho, kStart));
  OpenMany(kWho, 2 * kBurst, kStart);
  EXPECT_TRUE(limits_.Floods(kWho, kStart));
  EXPECT_FALSE(limits_.OnCall(kWho, kRate, kStart).ok());
  EXPECT_FALSE(limits_.Floods("token:alice", kStart));
  EXPECT_FALSE(limits_.Floods(kWho, kStart + seconds(20)));
}

TEST_F(OpenLimitsTest, ZeroIsNoBound) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(limits_.OnCall(kWho, 0, kStart).ok());
    ASSERT_TRUE(limits_.OnOpen(kWho, 0, kStart).ok());
  }
}

TEST_F(OpenLimitsTest, ForgetsThoseThatDidNothingForAWhile) {
  for (int i = 0; i < 5000; ++i) {
    (void)Open(absl::StrCat("a", i), kStart);
  }
  EXPECT_EQ(limits_.size(), 5000u);
  for (int i = 0; i < 5000; ++i) {
    (void)Open(absl::StrCat("b", i), kStart + seconds(20));
  }
  EXPECT_LE(limits_.size(), 6000u);
}

TEST_F(OpenLimitsTest, ForgetsNobodyWhoseCallsAreUnderWay) {
  ASSERT_TRUE(limits_.OnCall(kWho, 1, kStart).ok());
  for (int i = 0; i < 5000; ++i) {
    (void)Open(absl::StrCat("a", i), kStart + seconds(i));
  }
  for (int i = 1; i < 10; ++i) {
    ASSERT_TRUE(limits_.OnCall(kWho, 1, kStart + seconds(5000)).ok());
  }
  EXPECT_FALSE(limits_.OnCall(kWho, 1, kStart + seconds(5000)).ok());
}

}  // namespace
}  // namespace earshot
