#include "device/sound/fake_pcm_output.h"

#include <algorithm>
#include <cmath>

namespace earshot {
namespace {

using Seconds = std::chrono::duration<double>;

// A clock of doubles may miss a frame's time by its rounding.
constexpr double kRounding = 1e-5;  // frames

}  // namespace

void FakePcmOutput::Prepare(const PcmParams& params, MonotonicTime now) {
  calls_.push_back("prepare");
  Expect(!running_, "Prepare while running");
  params_ = params;
  prepared_ = true;
  due_ = 0;
  written_frames_ = 0;
  AnchorClock(0, now);
  epochs_.push_back(Epoch{params, {}, false});
}

void FakePcmOutput::Start(MonotonicTime now) {
  calls_.push_back("start");
  Expect(prepared_ && !running_, "Start while not prepared, or running");
  running_ = true;
  anchor_time_ = now;
}

void FakePcmOutput::Stop(MonotonicTime now) {
  calls_.push_back("stop");
  Expect(running_, "Stop while not running");
  AnchorClock(ClockAt(now), now);
  running_ = false;
}

int64_t FakePcmOutput::DuePosition(int64_t queued_end, MonotonicTime now) {
  Expect(running_, "DuePosition while not running");
  ++due_queries_;
  const double most = static_cast<double>(queued_end + kMaxStarvedFrames);
  if (ClockAt(now) > most) AnchorClock(most, now);
  const auto passed = static_cast<int64_t>(ClockAt(now) + kRounding);
  due_ = std::max(due_, std::min({passed, granted_, queued_end}));
  return due_;
}

MonotonicTime FakePcmOutput::NextDue(int64_t head_end,
                                     MonotonicTime now) const {
  if (!running_) return MonotonicTime::max();
  int64_t target = head_end;
  if (packet_frames_ > 0) {
    const int64_t packet_end = (due_ / packet_frames_ + 1) * packet_frames_;
    target = std::min(target, packet_end);
  }
  if (target > granted_) return MonotonicTime::max();
  const double left = static_cast<double>(target) - ClockAt(now);
  if (left <= 0) return now;
  const double wait_ns =
      (left - kRounding / 2) / (params_.rate_hz * speed_) * 1e9;
  return now + std::chrono::nanoseconds(
                   static_cast<int64_t>(std::ceil(std::max(wait_ns, 0.0))));
}

void FakePcmOutput::Write(absl::Span<const uint8_t> frames, MonotonicTime) {
  Expect(prepared_, "Write while not prepared");
  Expect(!frames.empty() && frames.size() % FrameBytes(params_) == 0,
         "Write of no whole frames");
  written_frames_ += static_cast<int64_t>(frames.size()) / FrameBytes(params_);
  if (!record_bytes_ || epochs_.empty()) return;
  std::vector<uint8_t>& bytes = epochs_.back().bytes;
  bytes.insert(bytes.end(), frames.begin(), frames.end());
}

void FakePcmOutput::Release(MonotonicTime) {
  calls_.push_back("release");
  Expect(prepared_ && !running_, "Release while not prepared, or running");
  prepared_ = false;
  if (!epochs_.empty()) epochs_.back().released = true;
  if (on_release_) on_release_();
}

double FakePcmOutput::ClockAt(MonotonicTime now) const {
  if (!running_) return anchor_position_;
  return anchor_position_ +
         Seconds(now - anchor_time_).count() * params_.rate_hz * speed_;
}

void FakePcmOutput::AnchorClock(double position, MonotonicTime now) {
  anchor_position_ = position;
  anchor_time_ = now;
}

void FakePcmOutput::Expect(bool condition, const char* rule) {
  if (!condition && misuse_.empty()) misuse_ = rule;
}

}  // namespace earshot
