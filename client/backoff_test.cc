#include "client/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(BackoffTest, GrowsToItsCapWithinTheJitter) {
  const Backoff::Options options;
  Backoff backoff(options, 7);
  const auto cap = static_cast<double>(microseconds(options.cap).count());
  auto expected = static_cast<double>(microseconds(options.initial).count());
  for (int i = 0; i < 30; ++i) {
    const auto delay = static_cast<double>(backoff.Next().count());
    EXPECT_GE(delay, expected * (1 - options.jitter) - 2);
    EXPECT_LE(delay, expected * (1 + options.jitter) + 2);
    expected = std::min(expected * options.factor, cap);
  }
}

TEST(BackoffTest, WhereNobodyWaitsAttemptsBecomeFewerUntilSomebodyDoes) {
  const Backoff::Options options;
  Backoff backoff(options, 7);
  microseconds waited{0};
  int attempts = 0;
  for (; waited < std::chrono::minutes(10); ++attempts) {
    waited += backoff.Next(/*wanted=*/false);
  }
  EXPECT_GE(attempts, 150);
  EXPECT_LE(attempts, 170);
  for (int i = 0; i < 100; ++i) {
    EXPECT_LE(backoff.Next(/*wanted=*/true), options.cap * 3 / 2);
  }
}

TEST(BackoffTest, ResetBeginsAnew) {
  const Backoff::Options options;
  Backoff backoff(options, 7);
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), 2 * options.initial);
}

TEST(BackoffTest, TwoClientsDoNotComeTogether) {
  Backoff a(Backoff::Options(), 1);
  Backoff b(Backoff::Options(), 2);
  EXPECT_NE(a.Next(), b.Next());
}

TEST(BackoffTest, WhatAServerWantsIsWaitedForAndSpread) {
  Backoff backoff(Backoff::Options(), 7);
  microseconds least = milliseconds(60'000);
  microseconds most{0};
  for (int i = 0; i < 1000; ++i) {
    const microseconds delay = backoff.AtLeast(milliseconds(5000));
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, milliseconds(5000));
  EXPECT_LE(most, milliseconds(7500));
  EXPECT_GE(most - least, milliseconds(2000));
}

// A thousand clients lose their server at the same instant.
TEST(BackoffTest, AReturningServerIsFoundSoonAndNotByAllAtOnce) {
  constexpr int kClients = 1000;
  for (const milliseconds outage :
       {milliseconds(1000), milliseconds(3000), milliseconds(30000)}) {
    microseconds waited{0};
    microseconds longest{0};
    std::map<int64_t, int> came;  // in each 10 ms
    for (int client = 0; client < kClients; ++client) {
      Backoff backoff(Backoff::Options(), static_cast<uint32_t>(client));
      microseconds now{0};
      while (now < outage) now += backoff.Next();
      waited += now - outage;
      longest = std::max<microseconds>(longest, now - outage);
      ++came[now.count() / 10000];
    }
    EXPECT_LE(waited / kClients, milliseconds(500)) << outage.count();
    EXPECT_LE(longest, milliseconds(1200)) << outage.count();
    for (const auto& [when, clients] : came) {
      EXPECT_LE(clients, kClients / 20) << outage.count() << " " << when;
    }
  }
}

}  // namespace
}  // namespace earshot
