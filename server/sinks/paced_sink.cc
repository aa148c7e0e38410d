#include "server/sinks/paced_sink.h"

#include <algorithm>

#include "server/sinks/frame_time.h"

namespace earshot {
namespace {

// A tick pulls so much at most, and usually half of it. One that comes late
// leaves the rest to those that follow: what came in meanwhile waits for the
// same processor, and would be missed now.
constexpr std::chrono::milliseconds kMostPerTick{10};
// Beyond this the process was suspended, or starved: the clock stood still.
constexpr std::chrono::milliseconds kMostToCatchUp{100};

}  // namespace

PacedSink::PacedSink(int rate_hz, int channels)
    : rate_hz_(rate_hz),
      channels_(channels),
      buffer_(static_cast<size_t>(FramesIn(kMostPerTick, rate_hz)) *
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
  if (due <= 0) return;
  const auto channels = static_cast<size_t>(channels_);
  const auto frames =
      std::min(static_cast<size_t>(due), buffer_.size() / channels);
  const absl::Span<float> out =
      absl::MakeSpan(buffer_).first(frames * channels);
  const PlayOutResult result = source_->PlayOut(out, now);
  Consume(result.silence_frames,
          out.first(static_cast<size_t>(result.media_frames) * channels));
  pulled_ += static_cast<int64_t>(frames);
}

}  // namespace earshot
