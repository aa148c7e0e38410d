#include "server/drained_reports.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(DrainedReportsTest, TellsEachOnceAndInOrder) {
  DrainedReports reports;
  reports.Add({1, 100});
  reports.Add({2, 200});
  EXPECT_EQ(reports.untold(), 2u);
  EXPECT_EQ(reports.Take()->epoch, 1u);
  EXPECT_EQ(reports.Take()->played_frame, 200);
  EXPECT_FALSE(reports.Take());
  EXPECT_TRUE(reports.empty());
  EXPECT_EQ(reports.untold(), 0u);
}

TEST(DrainedReportsTest, TellsAgainWhatTheClientMayHaveMissed) {
  DrainedReports reports;
  for (uint64_t epoch = 1; epoch <= 4; ++epoch) reports.Add({epoch, 0});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(reports.Take());
  reports.TellAgain(2);
  EXPECT_EQ(reports.untold(), 1u);
  for (uint64_t epoch = 2; epoch <= 4; ++epoch) {
    EXPECT_EQ(reports.Take()->epoch, epoch);
  }
  EXPECT_FALSE(reports.Take());
}

TEST(DrainedReportsTest, AClientThatKnowsAllIsToldOnlyWhatIsNew) {
  DrainedReports reports;
  reports.Add({1, 0});
  ASSERT_TRUE(reports.Take());
  reports.Add({2, 0});
  reports.TellAgain(0);
  EXPECT_EQ(reports.Take()->epoch, 2u);
}

TEST(DrainedReportsTest, KeepsABoundedNumber) {
  DrainedReports reports;
  for (uint64_t epoch = 1; epoch <= 100; ++epoch) {
    reports.Add({epoch, 0});
    ASSERT_EQ(reports.Take()->epoch, epoch);
  }
  reports.TellAgain(1);
  EXPECT_EQ(reports.Take()->epoch, 100 - DrainedReports::kKept + 1);
  EXPECT_EQ(reports.untold(), 0u);
}

}  // namespace
}  // namespace earshot
