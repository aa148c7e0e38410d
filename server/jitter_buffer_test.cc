#include "server/jitter_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "server/stream_types.h"

namespace earshot {
namespace {

using Kind = JitterBuffer::Item::Kind;

constexpr int64_t kGranted = 10000;

JitterBuffer MakeBuffer() { return JitterBuffer(0, 100000); }

TEST(JitterBufferTest, HandsOutItemsInOrder) {
  JitterBuffer buffer = MakeBuffer();
  EXPECT_EQ(buffer.AddPacket(0, 480, "a", kGranted), AddResult::kAdded);
  EXPECT_EQ(buffer.AddSkip(480, 100), AddResult::kAdded);
  EXPECT_EQ(buffer.AddPacket(580, 480, "b", kGranted), AddResult::kAdded);
  EXPECT_EQ(buffer.end_frame(), 1060);
  EXPECT_EQ(buffer.skip_frames(), 100);
  EXPECT_EQ(buffer.PopFront().payload, "a");
  EXPECT_EQ(buffer.PopFront().kind, Kind::kSkip);
  EXPECT_EQ(buffer.skip_frames(), 0);
  EXPECT_EQ(buffer.PopFront().payload, "b");
  EXPECT_EQ(buffer.front(), nullptr);
  EXPECT_EQ(buffer.bytes(), 0u);
}

TEST(JitterBufferTest, RefusesOverlapsAndGaps) {
  JitterBuffer buffer = MakeBuffer();
  ASSERT_EQ(buffer.AddPacket(0, 480, "a", kGranted), AddResult::kAdded);
  EXPECT_EQ(buffer.AddPacket(479, 480, "b", kGranted),
            AddResult::kNotContiguous);
  EXPECT_EQ(buffer.AddPacket(481, 480, "b", kGranted),
            AddResult::kNotContiguous);
  EXPECT_EQ(buffer.AddSilence(0), AddResult::kNotContiguous);
  EXPECT_EQ(buffer.AddSkip(500, 1), AddResult::kNotContiguous);
  EXPECT_EQ(buffer.End(481, kGranted), AddResult::kNotContiguous);
  EXPECT_EQ(buffer.end_frame(), 480);
}

TEST(JitterBufferTest, RefusesPacketsBeyondTheGrant) {
  JitterBuffer buffer = MakeBuffer();
  EXPECT_EQ(buffer.AddPacket(0, 481, "a", 480), AddResult::kNotGranted);
  EXPECT_EQ(buffer.AddPacket(0, 480, "a", 480), AddResult::kAdded);
}

TEST(JitterBufferTest, SkipsNeedNoGrant) {
  JitterBuffer buffer = MakeBuffer();
  EXPECT_EQ(buffer.AddSkip(0, 10 * kGranted), AddResult::kAdded);
}

TEST(JitterBufferTest, RefusesBadCountsAndPositions) {
  JitterBuffer buffer = MakeBuffer();
  EXPECT_EQ(buffer.AddPacket(0, -1, "a", kGranted), AddResult::kBadCount);
  EXPECT_EQ(buffer.AddSkip(0, 0), AddResult::kBadCount);
  EXPECT_EQ(buffer.AddSkip(0, INT64_MAX), AddResult::kTooFar);
  EXPECT_EQ(buffer.AddSkip(INT64_MAX, INT64_MAX), AddResult::kTooFar);
  EXPECT_EQ(buffer.AddPacket(INT64_MIN, 1, "a", kGranted), AddResult::kTooFar);
  EXPECT_EQ(buffer.AddSilence(-1), AddResult::kTooFar);
  EXPECT_EQ(buffer.End(INT64_MAX, INT64_MAX), AddResult::kTooFar);
}

TEST(JitterBufferTest, SilenceIsOpenUntilTheNextItem) {
  JitterBuffer buffer = MakeBuffer();
  ASSERT_EQ(buffer.AddSilence(0), AddResult::kAdded);
  EXPECT_TRUE(buffer.in_open_silence());
  EXPECT_EQ(buffer.end_frame(), 0);
  ASSERT_EQ(buffer.AddPacket(700, 480, "a", kGranted), AddResult::kAdded);
  EXPECT_FALSE(buffer.in_open_silence());
  EXPECT_EQ(buffer.front()->kind, Kind::kSilence);
  EXPECT_EQ(buffer.front()->end_frame, 700);
}

TEST(JitterBufferTest, SilenceCannotEndBeforeItBegan) {
  JitterBuffer buffer = MakeBuffer();
  ASSERT_EQ(buffer.AddPacket(0, 480, "a", kGranted), AddResult::kAdded);
  ASSERT_EQ(buffer.AddSilence(480), AddResult::kAdded);
  EXPECT_EQ(buffer.AddPacket(479, 480, "a", kGranted),
            AddResult::kNotContiguous);
}

TEST(JitterBufferTest, SilenceSaidAgainIsOneItem) {
  JitterBuffer buffer = MakeBuffer();
  ASSERT_EQ(buffer.AddSilence(0), AddResult::kAdded);
  const size_t bytes = buffer.bytes();
  ASSERT_EQ(buffer.AddSilence(500), AddResult::kAdded);
  EXPECT_EQ(buffer.bytes(), bytes);
  EXPECT_EQ(buffer.AddSilence(499), AddResult::kNotContiguous);
}

TEST(JitterBufferTest, IsBoundedInBytesAlsoForTinyPackets) {
  JitterBuffer buffer(0, 1000);
  EXPECT_EQ(buffer.AddPacket(0, 1, std::string(1001, 'x'), kGranted),
            AddResult::kTooManyBytes);
  int64_t position = 0;
  while (buffer.AddPacket(position, 1, "x", kGranted) == AddResult::kAdded) {
    ++position;
    ASSERT_LT(position, 1000);
  }
  EXPECT_EQ(buffer.AddPacket(position, 1, "x", kGranted),
            AddResult::kTooManyBytes);
  EXPECT_LE(buffer.bytes(), 1000u);
  buffer.PopFront();
  EXPECT_EQ(buffer.AddPacket(position, 1, "x", kGranted), AddResult::kAdded);
}

TEST(JitterBufferTest, TakesNothingAfterTheEnd) {
  JitterBuffer buffer = MakeBuffer();
  ASSERT_EQ(buffer.End(0, kGranted), AddResult::kAdded);
  EXPECT_EQ(buffer.AddPacket(0, 480, "a", kGranted), AddResult::kEnded);
  EXPECT_EQ(buffer.AddSilence(0), AddResult::kEnded);
  EXPECT_EQ(buffer.AddSkip(0, 1), AddResult::kEnded);
  EXPECT_EQ(buffer.End(0, kGranted), AddResult::kEnded);
}

TEST(JitterBufferTest, SilenceMayEndWithinTheGrantOnly) {
  JitterBuffer buffer = MakeBuffer();
  ASSERT_EQ(buffer.AddSilence(0), AddResult::kAdded);
  EXPECT_EQ(buffer.End(kGranted + 1, kGranted), AddResult::kNotGranted);
  EXPECT_EQ(buffer.End(kGranted, kGranted), AddResult::kAdded);
  EXPECT_EQ(buffer.front()->end_frame, kGranted);
}

}  // namespace
}  // namespace earshot
