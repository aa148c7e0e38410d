#include "server/refusal_counts.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "server/error_status.h"

namespace earshot {
namespace {

TEST(RefusalCountsTest, CountsEachReasonAlone) {
  RefusalCounts counts;
  counts.Count(Reason::kBadName);
  counts.Count(Reason::kBadName);
  counts.Count(Reason::kUnknownMethod);
  EXPECT_EQ(counts.of(Reason::kBadName), 2u);
  EXPECT_EQ(counts.of(Reason::kUnknownMethod), 1u);
  EXPECT_EQ(counts.of(Reason::kBadFormat), 0u);
}

TEST(RefusalCountsTest, WhatIsTakenIsNoRefusal) {
  RefusalCounts counts;
  counts.Count(Reason::kNone);
  EXPECT_EQ(counts.of(Reason::kNone), 0u);
}

TEST(RefusalCountsTest, EveryReasonHasARowAndANumber) {
  RefusalCounts counts;
  for (size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_NE(std::string(Describe(reason).name), "INTERNAL") << i;
    counts.Count(reason);
    EXPECT_EQ(counts.of(reason), 1u) << i;
  }
  EXPECT_EQ(std::string(Describe(static_cast<Reason>(kReasonCount)).name),
            "INTERNAL")
      << "kLastReason is not the last";
}

TEST(RefusalCountsTest, LosesNothingBetweenThreads) {
  RefusalCounts counts;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counts] {
      for (int j = 0; j < 1000; ++j) counts.Count(Reason::kOverloaded);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts.of(Reason::kOverloaded), 4000u);
}

TEST(RefusalCountsTest, AStatusCountsOnce) {
  const RefusalCounts& counts = RefusalCounts::OfProcess();
  const uint64_t before = counts.of(Reason::kNotGranted);
  EXPECT_FALSE(ToGrpcStatus({Reason::kNotGranted, "packet", "too far"}).ok());
  EXPECT_TRUE(ToGrpcStatus(Refusal::None()).ok());
  EXPECT_EQ(counts.of(Reason::kNotGranted), before + 1);
}

}  // namespace
}  // namespace earshot
