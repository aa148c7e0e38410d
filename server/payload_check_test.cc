#include "server/payload_check.h"

#include <gtest/gtest.h>

#include <string>

namespace earshot {
namespace {

class PayloadCheckTest : public testing::Test {
 protected:
  // S16LE, mono: 480 frames.
  Reason Check(int64_t frame_count, int left_to_drop = 0) {
    EpochParams params;
    params.channels = 1;
    params.codec = MediaCodec::kPcmS16le;
    return CheckPayload(params, left_to_drop, frame_count,
                        std::string(960, 'x'), &decoded_)
        .reason;
  }

  int decoded_ = 0;
};

TEST_F(PayloadCheckTest, HoldsWhatItDecodesToOrLess) {
  EXPECT_EQ(Check(480), Refusal::None().reason);
  EXPECT_EQ(decoded_, 480);
  EXPECT_EQ(Check(1), Refusal::None().reason);
  EXPECT_EQ(Check(0), Reason::kBadFrameCount);
  EXPECT_EQ(Check(481), Reason::kBadFrameCount);
  EXPECT_EQ(Check(-1), Reason::kBadFrameCount);
}

TEST_F(PayloadCheckTest, WhatIsDroppedIsNotHeld) {
  EXPECT_EQ(Check(380, 100), Refusal::None().reason);
  EXPECT_EQ(Check(381, 100), Reason::kBadFrameCount);
}

TEST_F(PayloadCheckTest, HoldsNothingOnlyIfAllOfItIsDropped) {
  EXPECT_EQ(Check(0, 480), Refusal::None().reason);
  EXPECT_EQ(Check(0, 1000), Refusal::None().reason);
  EXPECT_EQ(Check(1, 480), Reason::kBadFrameCount);
  EXPECT_EQ(Check(0, 479), Reason::kBadFrameCount);
}

}  // namespace
}  // namespace earshot
