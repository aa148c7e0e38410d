#include "server/sinks/paced_sink.h"

#include <algorithm>

#include "server/sinks/frame_time.h"

namespace earshot {
namespace {

// A pull at most; ticks usually need half of it.
constexpr std::chrono::milliseconds kChunk{10};
// Beyond this the process was suspended, or starved: the clock stood still.
constexpr std::chrono::milliseconds kMostToCatchUp{100};

}  // namespace

PacedSink::PacedSink(int rate_hz, int channels)
    : rate_hz_(rate_hz),
      channels_(channels),
      buffer_(static_cast<size_t>(FramesIn(kChunk, rate_hz)) *
              static_cast<size_t>(channels)) {}

void PacedSink::Start(SoundSource* source, MonotonicTime now) {
  source_ = source;
  start_ = now;
  pulled_ = 0;
}

void PacedSink::Tick(MonotonicTime now) {
  if (source_ == nullptr) return;
  int64_t due = FramesIn(now - start_, rate_hz_) - pulled_;
  const int64_t most = FramesIn(kMostToCatchUp, rate_hz_);
  if (due > most) {
    pulled_ += due - most;
    due = most;
  }
  const auto channels = static_cast<size_t>(channels_);
  while (due > 0) {
    const auto frames =
        std::min<size_t>(static_cast<size_t>(due), buffer_.size() / channels);
    const absl::Span<float> out =
        absl::MakeSpan(buffer_).first(frames * channels);
    const PlayOutResult result = source_->PlayOut(out, now);
    Consume(result.silence_frames,
            out.first(static_cast<size_t>(result.media_frames) * channels));
    due -= static_cast<int64_t>(frames);
    pulled_ += static_cast<int64_t>(frames);
  }
}

}  // namespace earshot
