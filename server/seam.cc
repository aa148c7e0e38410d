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
      rise_(static_cast<size_t>(FramesIn(kFade, rate_hz))),
      last_(channels_, 0.0f),
      anchor_(channels_, 0.0f),
      fade_(rise_.size()) {
  const auto frames = static_cast<double>(rise_.size());
  for (size_t i = 0; i < rise_.size(); ++i) {
    rise_[i] = static_cast<float>(
        (1 - std::cos(M_PI * (static_cast<double>(i) + 0.5) / frames)) / 2);
  }
}

void Seam::Media(absl::Span<float> sound) {
  if (sound.empty()) return;
  if (fade_ == 0) anchor_ = last_;
  const size_t frames =
      std::min(sound.size() / channels_, rise_.size() - fade_);
  for (size_t i = 0; i < frames; ++i) {
    const float rise = rise_[fade_ + i];
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
  if (fade_ > 0) fade_ = rise_.size();
  const size_t frames =
      std::min(silence.size() / channels_, rise_.size() - decay_);
  for (size_t i = 0; i < frames; ++i) {
    for (size_t c = 0; c < channels_; ++c) {
      silence[i * channels_ + c] = anchor_[c] * (1 - rise_[decay_ + i]);
    }
  }
  decay_ += frames;
  Remember(silence);
}

void Seam::Silence() {
  std::fill(last_.begin(), last_.end(), 0.0f);
  decay_ = 0;
}

void Seam::Remember(absl::Span<const float> heard) {
  std::copy(heard.end() - static_cast<ptrdiff_t>(channels_), heard.end(),
            last_.begin());
}

}  // namespace earshot
