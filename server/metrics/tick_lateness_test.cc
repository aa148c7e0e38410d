#include "server/metrics/tick_lateness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;

TEST(TickLatenessTest, SortsTicksByHowLateTheyWere) {
  TickLateness lateness;
  lateness.Add(microseconds(-20));  // a clock may say so
  lateness.Add(microseconds(100));
  lateness.Add(microseconds(250));  // a bound belongs to what is below it
  lateness.Add(microseconds(251));
  lateness.Add(milliseconds(7));
  lateness.Add(milliseconds(500));
  EXPECT_THAT(lateness.counts(), ElementsAre(3, 1, 0, 0, 0, 1, 0, 0, 1));
  EXPECT_NEAR(lateness.sum_seconds(), 0.507601, 1e-9);
}

}  // namespace
}  // namespace earshot
