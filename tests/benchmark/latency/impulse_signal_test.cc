#include "tests/benchmark/latency/impulse_signal.h"

#include <cstdlib>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

TEST(ImpulseSignalTest, ImpulsesComeAtUnevenIntervals) {
  ImpulseSignal signal(1);
  std::vector<int16_t> block(480);
  std::vector<Impulse> all;
  for (int i = 0; i < 200 * 10; ++i) {
    for (const Impulse& impulse : signal.Render(absl::MakeSpan(block))) {
      all.push_back(impulse);
    }
  }
  ASSERT_GT(all.size(), 30U);
  EXPECT_EQ(all[0].first_frame, kImpulseRate);
  int uneven = 0;
  for (size_t i = 1; i < all.size(); ++i) {
    const int64_t gap = all[i].first_frame - all[i - 1].first_frame;
    EXPECT_EQ(all[i].number, static_cast<int64_t>(i));
    EXPECT_GE(gap, kImpulseRate / 5);
    EXPECT_LT(gap, 3 * kImpulseRate / 10);
    if (gap % 240 != 0) ++uneven;
  }
  EXPECT_GT(uneven, 30);
}

TEST(ImpulseSignalTest, BlocksJoinWithoutASeam) {
  ImpulseSignal whole(7);
  ImpulseSignal pieces(7);
  std::vector<int16_t> expected(2 * 60000);
  whole.Render(absl::MakeSpan(expected));
  std::vector<int16_t> found(expected.size());
  for (size_t at = 0; at < found.size(); at += 600) {
    pieces.Render(absl::MakeSpan(found).subspan(at, 600));
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(pieces.position(), 60000);
}

}  // namespace
}  // namespace earshot
