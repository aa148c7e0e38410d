#include "server/source_lateness.h"

#include <gtest/gtest.h>

#include <limits>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr milliseconds kPacket(10);

class SourceLatenessTest : public testing::Test {
 protected:
  nanoseconds Add(nanoseconds late = nanoseconds(0)) {
    now_ += kPacket;
    capture_ns_ += nanoseconds(kPacket).count();
    return source_.Add(capture_ns_ + late.count(), kPacket, now_);
  }

  MonotonicTime now_ = MonotonicTime() + seconds(100);
  int64_t capture_ns_ = 123456789;
  SourceLateness source_;
};

TEST_F(SourceLatenessTest, ARegularSourceIsNeverLate) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(Add(), nanoseconds(0));
}

TEST_F(SourceLatenessTest, SaysHowLateAPacketLeft) {
  for (int i = 0; i < 1000; ++i) (void)Add();
  EXPECT_EQ(Add(milliseconds(30)), milliseconds(30));
  EXPECT_LT(Add(), milliseconds(1));
}

TEST_F(SourceLatenessTest, KnowsNothingAfterAReset) {
  for (int i = 0; i < 1000; ++i) (void)Add();
  source_.Reset();
  EXPECT_EQ(Add(seconds(5)), nanoseconds(0));
}

TEST_F(SourceLatenessTest, KnowsNothingWithoutATime) {
  EXPECT_EQ(source_.Add(0, kPacket, now_), nanoseconds(0));
  EXPECT_EQ(source_.Add(-7, kPacket, now_), nanoseconds(0));
}

TEST_F(SourceLatenessTest, AnyTimeIsHarmless) {
  for (int i = 0; i < 1000; ++i) {
    for (const int64_t time : {std::numeric_limits<int64_t>::max(), int64_t{1},
                               std::numeric_limits<int64_t>::min()}) {
      EXPECT_LE(source_.Add(time, kPacket, now_), seconds(100));
    }
  }
}

}  // namespace
}  // namespace earshot
