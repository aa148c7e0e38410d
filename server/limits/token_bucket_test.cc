#include "server/limits/token_bucket.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const MonotonicTime kStart = MonotonicTime() + std::chrono::hours(1);

TEST(TokenBucketTest, GivesABurstAndThenTheRate) {
  TokenBucket bucket(10, 4, kStart);
  EXPECT_TRUE(bucket.Take(40, kStart));
  EXPECT_FALSE(bucket.Take(1, kStart));
  EXPECT_FALSE(bucket.Take(1, kStart + milliseconds(99)));
  EXPECT_TRUE(bucket.Take(1, kStart + milliseconds(101)));
  EXPECT_FALSE(bucket.Take(1, kStart + milliseconds(102)));
}

TEST(TokenBucketTest, HoldsNoMoreThanItsSeconds) {
  TokenBucket bucket(10, 4, kStart);
  const MonotonicTime later = kStart + seconds(1000);
  EXPECT_TRUE(bucket.Take(40, later));
  EXPECT_FALSE(bucket.Take(1, later));
}

TEST(TokenBucketTest, WhatItRefusesItDoesNotTake) {
  TokenBucket bucket(10, 4, kStart);
  EXPECT_FALSE(bucket.Take(41, kStart));
  EXPECT_TRUE(bucket.Take(40, kStart));
}

TEST(TokenBucketTest, SaysWhenALaterTryMayDo) {
  TokenBucket bucket(20, 10, kStart);
  EXPECT_EQ(bucket.WaitFor(1, kStart), milliseconds(0));
  ASSERT_TRUE(bucket.Take(200, kStart));
  const milliseconds wait = bucket.WaitFor(1, kStart);
  EXPECT_EQ(wait, milliseconds(50));
  EXPECT_TRUE(bucket.Take(1, kStart + wait));
}

TEST(TokenBucketTest, DebtIsPaidFirstAndIsBounded) {
  TokenBucket bucket(10, 1, kStart);
  bucket.TakeAnyway(1000, kStart);
  EXPECT_EQ(bucket.WaitFor(1, kStart), milliseconds(1100));
  EXPECT_FALSE(bucket.Take(1, kStart + milliseconds(1099)));
  EXPECT_TRUE(bucket.Take(1, kStart + milliseconds(1101)));
}

TEST(TokenBucketTest, ARateOfZeroIsNoBound) {
  TokenBucket bucket(0, 4, kStart);
  EXPECT_TRUE(bucket.Take(1'000'000'000, kStart));
  bucket.TakeAnyway(1'000'000'000, kStart);
  EXPECT_EQ(bucket.WaitFor(1'000'000'000, kStart), milliseconds(0));
  EXPECT_TRUE(bucket.full(kStart));
}

TEST(TokenBucketTest, ANewRateCountsAtOnce) {
  TokenBucket bucket(10, 4, kStart);
  bucket.SetRate(1, kStart);
  EXPECT_TRUE(bucket.Take(4, kStart));
  EXPECT_FALSE(bucket.Take(1, kStart));
  bucket.SetRate(100, kStart);
  EXPECT_FALSE(bucket.Take(1, kStart));
  EXPECT_TRUE(bucket.Take(100, kStart + seconds(1)));
  bucket.SetRate(0, kStart + seconds(1));
  EXPECT_TRUE(bucket.Take(1000, kStart + seconds(1)));
  bucket.SetRate(10, kStart + seconds(1));
  EXPECT_TRUE(bucket.Take(40, kStart + seconds(1)));
}

TEST(TokenBucketTest, TimeThatGoesBackGivesNothing) {
  TokenBucket bucket(10, 1, kStart);
  ASSERT_TRUE(bucket.Take(10, kStart));
  EXPECT_FALSE(bucket.Take(1, kStart - seconds(5)));
  EXPECT_FALSE(bucket.Take(1, kStart));
}

TEST(TokenBucketTest, IsFullAgainInTime) {
  TokenBucket bucket(10, 2, kStart);
  ASSERT_TRUE(bucket.Take(1, kStart));
  EXPECT_FALSE(bucket.full(kStart + milliseconds(99)));
  EXPECT_TRUE(bucket.full(kStart + milliseconds(101)));
}

}  // namespace
}  // namespace earshot
