#include "server/gain_ramp.h"

#include <algorithm>
#include <chrono>

#include "sinks/frame_time.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kRamp{10};

}  // namespace

GainRamp::GainRamp(int rate_hz, int channels, float gain)
    : ramp_frames_(FramesIn(kRamp, rate_hz)),
      channels_(static_cast<size_t>(channels)),
      target_(gain),
      start_(gain),
      done_(ramp_frames_) {}

void GainRamp::SetTarget(float gain) {
  if (gain == target_) return;
  start_ = done_ == ramp_frames_
               ? target_
               : start_ + (target_ - start_) * static_cast<float>(done_) /
                              static_cast<float>(ramp_frames_);
  target_ = gain;
  done_ = 0;
}

void GainRamp::Apply(absl::Span<float> sound) {
  if (done_ < ramp_frames_) {
    const auto frames = static_cast<int64_t>(sound.size() / channels_);
    const int64_t ramp = std::min(frames, ramp_frames_ - done_);
    const float step = (target_ - start_) / static_cast<float>(ramp_frames_);
    float* sample = sound.data();
    for (int64_t i = 0; i < ramp; ++i) {
      const float gain = start_ + step * static_cast<float>(done_ + i);
      for (size_t c = 0; c < channels_; ++c) *sample++ *= gain;
    }
    done_ += ramp;
    sound.remove_prefix(static_cast<size_t>(ramp) * channels_);
  }
  if (target_ == 1) return;
  if (target_ == 0) {
    std::fill(sound.begin(), sound.end(), 0.0f);
    return;
  }
  for (float& sample : sound) sample *= target_;
}

}  // namespace earshot
