#include "sinks/card_pull.h"

#include <algorithm>

#include "sinks/frame_time.h"

namespace earshot {
namespace {

// What a source decodes in one go.
constexpr std::chrono::milliseconds kPiece{10};
// The clock makes up for the time that a card was waited for, and a late tick.
// Beyond this the process was suspended: the clock stood still.
constexpr std::chrono::milliseconds kMostToCatchUp =
    CardPull::kStartPatience + std::chrono::milliseconds(50);
// A card that has asked so often runs: the first ones only fill its buffer.
constexpr int kFillsToStart = 4;

}  // namespace

CardPull::CardPull(int rate_hz, int channels,
                   std::chrono::milliseconds patience)
    : rate_hz_(rate_hz),
      channels_(channels),
      patience_(patience),
      clock_(rate_hz, channels) {}

void CardPull::Start(SoundSource* source, MonotonicTime now) {
  const std::lock_guard lock(pull_mutex_);
  source_ = source;
  paced_ = false;
  start_ = now;
  due_ = now;
}

void CardPull::Tick(MonotonicTime now) {
  const std::lock_guard lock(pull_mutex_);
  if (source_ == nullptr) return;
  if (!paced_) {
    const bool wait = Starting(now) || now - due_ < patience_;
    if (card_there_ && wait) return;
    Pace(now);
  }
  clock_.Tick(now);
}

void CardPull::Pace(MonotonicTime now) {
  paced_ = true;
  fills_ = 0;
  MonotonicTime due = std::max(due_, now - kMostToCatchUp);
  clock_.Start(source_, due);
  for (due += kPiece; due < now; due += kPiece) clock_.Tick(due);
}

void CardPull::Stop() {
  const std::lock_guard lock(pull_mutex_);
  source_ = nullptr;
  paced_ = false;
}

void CardPull::Fill(absl::Span<float> out, MonotonicTime now) {
  const std::lock_guard lock(pull_mutex_);
  if (source_ == nullptr) {
    std::fill(out.begin(), out.end(), 0.0f);
    return;
  }
  if (paced_) {
    // A card that comes back may stop again once its buffer is full: until it
    // runs, it gets silence, and the clock goes on.
    if (!Starting(now) && ++fills_ < kFillsToStart) {
      std::fill(out.begin(), out.end(), 0.0f);
      return;
    }
    clock_.Tick(now);
    paced_ = false;
  }
  const size_t frames = out.size() / static_cast<size_t>(channels_);
  due_ = now + DurationOf(static_cast<int64_t>(frames), rate_hz_);
  const size_t piece =
      static_cast<size_t>(std::max<int64_t>(1, FramesIn(kPiece, rate_hz_))) *
      static_cast<size_t>(channels_);
  while (!out.empty()) {
    const size_t samples = std::min(piece, out.size());
    source_->PlayOut(out.first(samples), now);
    out.remove_prefix(samples);
  }
}

void CardPull::SetCardThere(bool there) {
  const std::lock_guard lock(pull_mutex_);
  if (!there) fills_ = 0;
  card_there_ = there;
}

bool CardPull::paced() const {
  const std::lock_guard lock(pull_mutex_);
  return paced_;
}

}  // namespace earshot
