#include "server/limits/log_limiter.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

const MonotonicTime kStart = MonotonicTime() + std::chrono::hours(1);

TEST(LogLimiterTest, SaysHowManyWereLeftOut) {
  LogLimiter limiter;
  int logged = 0;
  for (int i = 0; i < 1000; ++i) {
    if (limiter.Admit(Reason::kTooManyOpens, kStart).has_value()) ++logged;
  }
  EXPECT_EQ(logged, 20);
  const MonotonicTime later = kStart + std::chrono::seconds(1);
  EXPECT_EQ(limiter.Admit(Reason::kTooManyOpens, later), 980u);
  EXPECT_EQ(limiter.Admit(Reason::kTooManyOpens, later), std::nullopt);
}

TEST(LogLimiterTest, OneReasonDoesNotHideAnother) {
  LogLimiter limiter;
  for (int i = 0; i < 1000; ++i) {
    (void)limiter.Admit(Reason::kTooManyOpens, kStart);
  }
  EXPECT_EQ(limiter.Admit(Reason::kBadRequest, kStart), 0u);
}

}  // namespace
}  // namespace earshot
