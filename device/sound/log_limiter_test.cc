#include "device/sound/log_limiter.h"

#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

TEST(LogLimiterTest, AFloodGivesAFewLinesASecondAndTheirCount) {
  LogLimiter limiter;
  MonotonicTime now{std::chrono::hours(1)};
  int lines = 0;
  int64_t suppressed = 0;
  for (int ms = 0; ms < 10000; ++ms) {
    if (auto before = limiter.Admit(now + milliseconds(ms))) {
      ++lines;
      suppressed += *before;
    }
  }
  EXPECT_EQ(lines, 10 * LogLimiter::kLinesPerSecond);
  EXPECT_EQ(suppressed, 9 * (1000 - LogLimiter::kLinesPerSecond));
}

TEST(LogLimiterTest, SingleMistakesAreAllLogged) {
  LogLimiter limiter;
  MonotonicTime now{std::chrono::hours(1)};
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(limiter.Admit(now + milliseconds(300 * i)), 0);
  }
}

}  // namespace
}  // namespace earshot
