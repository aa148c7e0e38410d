// What a session says of a glitch, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/session.h"
#include "server/session_fixture.h"

namespace earshot {
namespace {

using testing::HasSubstr;

TEST_F(SessionTest, AnUnderrunThatIsOverIsStillTold) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  Run(milliseconds(100));
  EXPECT_THAT(session_.Stats(now_).state_reason, HasSubstr("underrun: no"));
  Packets(2400, 7200);
  Run(milliseconds(50));
  ASSERT_EQ(State(), SessionState::kPlaying);
  now_ += std::chrono::seconds(35);
  EXPECT_EQ(session_.Stats(now_).state_reason,
            "the last underrun was 35 s ago: packets came late; it took 45 ms");
  EXPECT_EQ(session_.Stats(now_).total.underruns.network_late, 1);
}

TEST_F(SessionTest, TheNextEpochTellsOfItToo) {
  ASSERT_TRUE(Begin(1).ok());
  Packets(0, 2400);
  Run(milliseconds(100));
  Packets(2400, 4800);
  ASSERT_TRUE(session_.End(call_, 4800, now_).ok());
  Run(milliseconds(200));
  ASSERT_EQ(State(), SessionState::kIdle);
  EXPECT_THAT(session_.Stats(now_).state_reason,
              HasSubstr("packets came late"));
  ASSERT_TRUE(Begin(2).ok());
  Packets(0, 4800);
  Run(milliseconds(20));
  ASSERT_EQ(State(), SessionState::kPlaying);
  EXPECT_THAT(session_.Stats(now_).state_reason,
              HasSubstr("packets came late"));
  EXPECT_EQ(Stats().underruns.total(), 0);
  EXPECT_EQ(session_.Stats(now_).total.underruns.total(), 1);
}

TEST_F(SessionTest, SkipsAreCountedByTheirReasonInAllEpochs) {
  ASSERT_TRUE(Begin(1).ok());
  ASSERT_TRUE(session_.AddSkip(call_, 0, 100, SkipReason::kOutage, now_).ok());
  ASSERT_TRUE(
      session_.AddSkip(call_, 100, 20, SkipReason::kRelease, now_).ok());
  ASSERT_TRUE(session_.End(call_, 120, now_).ok());
  Run(milliseconds(5));
  ASSERT_TRUE(Begin(2).ok());
  ASSERT_TRUE(session_.AddSkip(call_, 0, 3, SkipReason::kOutage, now_).ok());
  ASSERT_TRUE(
      session_.AddSkip(call_, 3, 4, static_cast<SkipReason>(99), now_).ok());
  const SkipCounts skips = session_.Stats(now_).total.skip_reasons;
  EXPECT_EQ(skips.outage, 103);
  EXPECT_EQ(skips.release, 20);
  EXPECT_EQ(skips.overflow, 0);
  EXPECT_EQ(skips.unspecified, 4);
}

TEST_F(SessionTest, MarginsAreToldAsQuantiles) {
  ASSERT_TRUE(Begin(1).ok());
  EXPECT_FALSE(session_.Stats(now_).margin_quantiles.has_value());
  Packets(0, 2880);  // 60 ms
  int64_t sent = 2880;
  for (int i = 0; i < 100; ++i) {
    Run(milliseconds(10));
    Packets(sent, sent + kPacket);
    sent += kPacket;
  }
  const auto quantiles = session_.Stats(now_).margin_quantiles;
  ASSERT_TRUE(quantiles.has_value());
  EXPECT_NEAR(Milliseconds(quantiles->p50), 50, 10);
  EXPECT_NEAR(Milliseconds(quantiles->min), 50, 10);
  EXPECT_LE(quantiles->min, quantiles->p1);
  EXPECT_LE(quantiles->p1, quantiles->p90);
}

TEST_F(SessionTest, WhatTheClientSaysOfItselfIsTold) {
  ASSERT_TRUE(
      session_.Ping(call_, {1, 12.5, milliseconds(8), milliseconds(15)}).ok());
  const SessionStats stats = session_.Stats(now_);
  EXPECT_EQ(stats.client_delay_ms, 15);
  EXPECT_EQ(stats.round_trip_ms, 8);
  EXPECT_EQ(stats.clock_ppm, 12.5);
}

}  // namespace
}  // namespace earshot
