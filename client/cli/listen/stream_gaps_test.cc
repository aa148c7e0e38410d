#include "client/cli/listen/stream_gaps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;

class StreamGapsTest : public testing::Test {
 protected:
  StreamGapsTest() { gaps_.OnEpoch(48000); }

  // 10 ms, due so many ms after the first.
  void Packet(int due_ms) {
    v1::DuePacket packet;
    packet.set_frame_count(480);
    packet.set_due_time_ns((1000 + due_ms) * int64_t{1000000});
    gaps_.OnPacket(packet);
  }
  void Standstill(v1::StreamState state) {
    v1::Standstill standstill;
    standstill.set_state(state);
    gaps_.OnStandstill(standstill);
  }

  StreamGaps gaps_;
};

TEST_F(StreamGapsTest, PacketsOneBehindTheOtherHaveNone) {
  for (int i = 0; i < 10; ++i) Packet(10 * i);
  EXPECT_EQ(gaps_.gaps(), 0);
}

TEST_F(StreamGapsTest, APlayoutThatRanDryIsOneForAsLongAsItLasted) {
  Packet(0);
  Standstill(v1::STREAM_STATE_PRIMING);
  Packet(50);
  Packet(60);
  EXPECT_EQ(gaps_.gaps(), 1);
  EXPECT_EQ(gaps_.time(), milliseconds(40));
}

TEST_F(StreamGapsTest, AClockThatStoodStillIsOne) {
  Packet(0);
  Packet(160);
  EXPECT_EQ(gaps_.gaps(), 1);
  EXPECT_EQ(gaps_.time(), milliseconds(150));
}

// It plays faster until it has made that good.
TEST_F(StreamGapsTest, AClockThatWasLateForAMomentIsNone) {
  Packet(0);
  Packet(90);
  Packet(95);
  EXPECT_EQ(gaps_.gaps(), 0);
}

TEST_F(StreamGapsTest, WhatWasPassedOverIsOne) {
  Packet(0);
  gaps_.OnPassedOver();
  Packet(10);
  EXPECT_EQ(gaps_.gaps(), 1);
  EXPECT_EQ(gaps_.time(), milliseconds(0));
}

TEST_F(StreamGapsTest, SilenceAPauseAndAnotherEpochAreNone) {
  Packet(0);
  gaps_.OnBreak();  // silence
  Packet(1000);
  Standstill(v1::STREAM_STATE_PAUSED);
  Packet(2000);
  gaps_.OnEpoch(48000);
  Packet(3000);
  EXPECT_EQ(gaps_.gaps(), 0);
}

TEST_F(StreamGapsTest, PrimingBeforeTheFirstPacketIsNone) {
  Standstill(v1::STREAM_STATE_PRIMING);
  Packet(0);
  EXPECT_EQ(gaps_.gaps(), 0);
}

}  // namespace
}  // namespace earshot
