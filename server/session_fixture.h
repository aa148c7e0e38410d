#ifndef EARSHOT_SERVER_SESSION_FIXTURE_H_
#define EARSHOT_SERVER_SESSION_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "server/session.h"

namespace earshot {

using std::chrono::milliseconds;

inline constexpr int kRate = 48000;
inline constexpr int kPacket = 480;          // 10 ms
inline constexpr milliseconds kWait{10000};  // for a client that is gone
inline constexpr int64_t kTarget = 40 * 48;  // frames of the target margin
inline constexpr int64_t kWindow = 600 * 48;
inline constexpr int64_t kSilent = 1250 * 48;  // more while it is silent

// Mono S16LE whose samples count up from the position, so that every frame
// that comes out tells where it came from.
inline std::string Pcm(int64_t first_frame, int64_t frames) {
  std::string bytes;
  for (int64_t i = 0; i < frames; ++i) {
    const auto sample = static_cast<uint16_t>((first_frame + i) % 30000 + 1);
    bytes.push_back(static_cast<char>(sample & 0xff));
    bytes.push_back(static_cast<char>(sample >> 8));
  }
  return bytes;
}

// A session with a client and a sink in virtual time: the sink pulls 5 ms in
// each 5 ms, and keeps what a recording would hold.
class SessionTest : public testing::Test {
 protected:
  static EpochParams Params(uint64_t epoch) {
    EpochParams params;
    params.epoch = epoch;
    params.rate_hz = kRate;
    params.channels = 1;
    params.codec = MediaCodec::kPcmS16le;
    return params;
  }

  Refusal Begin(uint64_t epoch, int64_t first_frame = 0) {
    EpochParams params = Params(epoch);
    params.first_frame = first_frame;
    return session_.Begin(call_, params, now_);
  }

  Refusal Packet(int64_t first_frame, int64_t frames = kPacket) {
    return session_.AddPacket(call_, first_frame, frames,
                              Pcm(first_frame, frames), 0, now_);
  }

  // Sends packets from `first_frame` to `end_frame`.
  void Packets(int64_t first_frame, int64_t end_frame) {
    for (int64_t at = first_frame; at < end_frame; at += kPacket) {
      const Refusal refusal =
          Packet(at, std::min<int64_t>(kPacket, end_frame - at));
      ASSERT_TRUE(refusal.ok()) << refusal.message;
    }
  }

  // The sink runs; returns the media frames that it got.
  int64_t Run(milliseconds duration) {
    int64_t media = 0;
    for (milliseconds done(0); done < duration; done += milliseconds(5)) {
      now_ += milliseconds(5);
      session_.Tick(milliseconds(0), now_);
      std::vector<float> out(240, 9.0f);
      const PlayOutResult result = session_.PlayOut(absl::MakeSpan(out), now_);
      recorded_.insert(recorded_.end(),
                       static_cast<size_t>(result.silence_frames), 0);
      for (int64_t i = 0; i < result.media_frames; ++i) {
        recorded_.push_back(static_cast<int>(out[i] * 32768));
      }
      heard_.insert(heard_.end(), out.begin(), out.end());
      media += result.media_frames;
      if (session_.EpochPlayed()) session_.FinishEpoch(now_);
      const EpochStats stats = session_.Stats(now_).epoch;
      EXPECT_EQ(
          stats.produced_frames,
          stats.played_frames + stats.queued_frames + stats.skipped_frames);
    }
    return media;
  }

  // The recording holds [first, end) and nothing else from `offset` on.
  void ExpectRecorded(size_t offset, int64_t first_frame, int64_t end_frame) {
    ASSERT_EQ(recorded_.size(),
              offset + static_cast<size_t>(end_frame - first_frame));
    for (int64_t i = first_frame; i < end_frame; ++i) {
      ASSERT_EQ(recorded_[offset + static_cast<size_t>(i - first_frame)],
                i % 30000 + 1)
          << "frame " << i;
    }
  }

  SessionState State() { return session_.Stats(now_).state; }
  EpochStats Stats() { return session_.Stats(now_).epoch; }

  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
  // The target margin does not move.
  PlayoutConfig config_{
      {milliseconds(40), milliseconds(40), milliseconds(40), milliseconds(40)}};
  Session session_{config_};
  uint64_t call_ = session_.Attach(0, now_)->call;
  std::vector<int> recorded_;
  std::vector<float> heard_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SESSION_FIXTURE_H_
