#include "client/backoff.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(BackoffTest, GrowsToItsCapWithinTheJitter) {
  const Backoff::Options options;
  Backoff backoff(options, 7);
  double expected = 100000;
  for (int i = 0; i < 30; ++i) {
    const double delay = static_cast<double>(backoff.Next().count());
    EXPECT_GE(delay, expected * 0.8 - 2);
    EXPECT_LE(delay, expected * 1.2 + 2);
    expected = std::min(expected * 1.6, 2e6);
  }
}

TEST(BackoffTest, ResetBeginsAnew) {
  Backoff backoff(Backoff::Options(), 7);
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), milliseconds(120));
}

TEST(BackoffTest, TwoClientsDoNotComeTogether) {
  Backoff a(Backoff::Options(), 1);
  Backoff b(Backoff::Options(), 2);
  EXPECT_NE(a.Next(), b.Next());
}

}  // namespace
}  // namespace earshot
