// What a session may hold in all.
#include <cstdint>
#include <string>

#include "server/session.h"
#include "server/session_fixture.h"
#include "server/stream_types.h"

namespace earshot {
namespace {

class SessionBytesTest : public SessionTest {
 protected:
  // Begins 16 epochs, on a path that is said to be so long, and fills each as
  // far as it is granted. How many bytes were taken.
  size_t Fill(int rate_hz, int channels, std::chrono::seconds round_trip,
              Reason* refused) {
    *refused = Reason::kNone;
    size_t bytes = 0;
    EXPECT_TRUE(session_.Ping(call_, {1, 0, round_trip}).ok());
    for (int i = 1; i <= 16; ++i) {
      EpochParams params = Params(static_cast<uint64_t>(i));
      params.rate_hz = rate_hz;
      params.channels = channels;
      if (!session_.Begin(call_, params, now_).ok()) return bytes;
      const int64_t frames = rate_hz / 100;
      const std::string payload(static_cast<size_t>(frames) * 2 * channels, 1);
      int64_t at = 0;
      Refusal refusal = Refusal::None();
      while (refusal.ok()) {
        refusal = session_.AddPacket(call_, at, frames, payload, 0, now_);
        if (!refusal.ok()) break;
        at += frames;
        bytes += payload.size();
      }
      if (refusal.reason != Reason::kNotGranted) {
        *refused = refusal.reason;
        return bytes;
      }
      EXPECT_TRUE(session_.End(call_, at, now_).ok());
    }
    return bytes;
  }
};

TEST_F(SessionBytesTest, ManyEpochsHoldNoMoreThanTheWidestOneMay) {
  Reason refused;
  EXPECT_LT(Fill(192000, 8, std::chrono::seconds(1), &refused), 13'000'000u);
  EXPECT_EQ(refused, Reason::kTooMuchQueued);
}

TEST_F(SessionBytesTest, AllEpochsOfAnOrdinaryStreamMayBeFull) {
  Reason refused;
  EXPECT_GT(Fill(48000, 2, std::chrono::seconds(0), &refused), 1'500'000u);
  EXPECT_EQ(refused, Reason::kNone);
}

}  // namespace
}  // namespace earshot
