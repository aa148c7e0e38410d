#include "server/sinks/card_pull.h"

#include <algorithm>

#include "server/sinks/frame_time.h"

namespace earshot {
namespace {

// What a source decodes in one go.
constexpr std::chrono::milliseconds kPiece{10};
// The clock makes up for no more than this, as the source has no more at hand.
constexpr std::chrono::milliseconds kMostToCatchUp{20};
// A card that has asked so often runs: the first ones only fill its buffer.
constexpr int kFillsToStart = 4;

}  // namespace

CardPull::CardPull(int rate_hz, int channels)
    : rate_hz_(rate_hz), channels_(channels), clock_(rate_hz, channels) {}

void CardPull::Start(SoundSource* source, MonotonicTime now) {
  const std::lock_guard lock(pull_mutex_);
  source_ = source;
  paced_ = false;
  fills_ = 0;
  last_pull_ = now;
}

void CardPull::Tick(MonotonicTime now) {
  const std::lock_guard lock(pull_mutex_);
  if (source_ == nullptr) return;
  if (!paced_) {
    const auto patience = fills_ < kFillsToStart ? kStartPatience : kPatience;
    if (card_there_ && now - last_pull_ < patience) return;
    paced_ = true;
    clock_.Start(source_, std::max(last_pull_, now - kMostToCatchUp));
  }
  clock_.Tick(now);
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
  paced_ = false;
  last_pull_ = now;
  fills_ = std::min(fills_ + 1, kFillsToStart);
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
  if (there && !card_there_) fills_ = 0;
  card_there_ = there;
}

bool CardPull::paced() const {
  const std::lock_guard lock(pull_mutex_);
  return paced_;
}

}  // namespace earshot
