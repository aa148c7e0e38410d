#include "server/seam.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sinks/frame_time.h"

namespace earshot {
namespace {

// Long enough not to click, short enough not to be heard as a fade.
constexpr std::chrono::milliseconds kFade{8};

}  // namespace

Seam::Seam(int rate_hz, int channels)
    : channels_(static_cast<size_t>(channels)),
      fade_frames_(static_cast<size_t>(FramesIn(kFade, rate_hz))),
      last_(channels_, 0.0f),
      anchor_(channels_, 0.0f),
      fade_(fade_frames_) {}

void Seam::Media(absl::Span<float> sound) {
  if (sound.empty()) return;
  if (fade_ == 0) anchor_ = last_;
  const size_t frames =
      std::min(sound.size() / channels_, fade_frames_ - fade_);
  for (size_t i = 0; i < frames; ++i) {
    const float rise = Rise(fade_ + i);
    for (size_t c = 0; c < channels_; ++c) {
      float& sample = sound[i * channels_ + c];
      // Never louder than the two: nothing is clipped.
      sample = anchor_[c] * (1 - rise) + sample * rise;
    }
  }
  fade_ += frames;
  decay_ = 0;
  Remember(sound);
}

void Seam::Gap(absl::Span<float> silence) {
  if (silence.empty()) return;
  if (decay_ == 0) anchor_ = last_;
  // A fade that has begun is over; one that is to come waits for sound.
  if (fade_ > 0) fade_ = fade_frames_;
  const size_t frames =
      std::min(silence.size() / channels_, fade_frames_ - decay_);
  for (size_t i = 0; i < frames; ++i) {
    const float rise = Rise(decay_ + i);
    for (size_t c = 0; c < channels_; ++c) {
      silence[i * channels_ + c] = anchor_[c] * (1 - rise);
    }
  }
  decay_ += frames;
  Remember(silence);
}

void Seam::Silence() {
  std::fill(last_.begin(), last_.end(), 0.0f);
  decay_ = 0;
}

float Seam::Rise(size_t frame) const {
  return (1 - std::cos(static_cast<float>(M_PI) *
                       (static_cast<float>(frame) + 0.5f) /
                       static_cast<float>(fade_frames_))) /
         2;
}

void Seam::Remember(absl::Span<const float> heard) {
  std::copy(heard.end() - static_cast<ptrdiff_t>(channels_), heard.end(),
            last_.begin());
}

}  // namespace earshot
