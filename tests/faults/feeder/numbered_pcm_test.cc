#include "tests/faults/feeder/numbered_pcm.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using testing::ElementsAre;

TEST(NumberedPcmTest, HoldsTheNumberOfEachFrame) {
  std::vector<uint8_t> bytes(8);
  FillWithNumbers(258 * kNumberedFrameBytes, absl::MakeSpan(bytes));
  EXPECT_THAT(bytes, ElementsAre(2, 1, 1, 0, 3, 1, 1, 0));
}

TEST(NumberedPcmTest, GoesOnBeyondSixteenBits) {
  std::vector<uint8_t> bytes(8);
  FillWithNumbers(size_t{65535} * kNumberedFrameBytes, absl::MakeSpan(bytes));
  EXPECT_THAT(bytes, ElementsAre(255, 255, 1, 0, 0, 0, 2, 0));
}

}  // namespace
}  // namespace earshot
