#include "server/limits/call_limits.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;

const MonotonicTime kStart = MonotonicTime() + std::chrono::hours(1);

// How many messages of a size are taken when one comes each `apart`.
int Taken(const Quotas& quotas, size_t bytes, milliseconds apart, int messages,
          Reason* reason) {
  CallLimits limits(quotas, kStart);
  for (int i = 0; i < messages; ++i) {
    const Refusal refusal = limits.OnMessage(bytes, kStart + i * apart);
    if (refusal.ok()) continue;
    *reason = refusal.reason;
    EXPECT_GT(refusal.retry_after, milliseconds(0));
    EXPECT_NE(refusal.quota, "");
    return i;
  }
  *reason = Reason::kNone;
  return messages;
}

TEST(CallLimitsTest, LowLatencyStreamNeverMeetsThem) {
  Reason reason;
  Quotas quotas;
  // Packets of 2.5 ms; and the widest PCM in packets of 20 ms.
  EXPECT_EQ(Taken(quotas, 200, milliseconds(2), 100'000, &reason), 100'000);
  EXPECT_EQ(Taken(quotas, 61'440, milliseconds(20), 10'000, &reason), 10'000);
}

TEST(CallLimitsTest, CatchingUpAfterAnOutageDoesNotMeetThem) {
  Reason reason;
  // Two seconds of packets of 2.5 ms, at once.
  EXPECT_EQ(Taken(Quotas(), 2000, milliseconds(0), 800, &reason), 800);
}

TEST(CallLimitsTest, RefusesTooManyMessages) {
  Reason reason;
  Quotas quotas;
  quotas.max_messages_per_second = 100;
  EXPECT_EQ(Taken(quotas, 10, milliseconds(0), 1000, &reason), 400);
  EXPECT_EQ(reason, Reason::kTooManyMessages);
}

TEST(CallLimitsTest, RefusesTooManyBytes) {
  Reason reason;
  Quotas quotas;
  quotas.max_bytes_per_second = 10'000;
  EXPECT_EQ(Taken(quotas, 1000, milliseconds(0), 1000, &reason), 40);
  EXPECT_EQ(reason, Reason::kTooManyBytes);
}

TEST(CallLimitsTest, RefusesAMessageThatIsTooLong) {
  CallLimits limits(Quotas(), kStart);
  EXPECT_TRUE(limits.OnMessage(CallLimits::kMaxMessageBytes, kStart).ok());
  EXPECT_EQ(limits.OnMessage(CallLimits::kMaxMessageBytes + 1, kStart).reason,
            Reason::kMessageTooLarge);
}

TEST(CallLimitsTest, ZeroIsNoBound) {
  Reason reason;
  Quotas quotas;
  quotas.max_messages_per_second = 0;
  quotas.max_bytes_per_second = 0;
  EXPECT_EQ(Taken(quotas, 100'000, milliseconds(0), 100'000, &reason), 100'000);
}

}  // namespace
}  // namespace earshot
