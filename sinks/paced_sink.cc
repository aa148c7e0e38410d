#include "sinks/paced_sink.h"

#include <algorithm>
#include <vector>

#include "sinks/frame_time.h"

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
    : rate_hz_(rate_hz), channels_(channels) {}

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
      static_cast<size_t>(std::min(due, FramesIn(kMostPerTick, rate_hz_)));
  // It is over when the tick is, so all sinks of a thread have it in turn.
  thread_local std::vector<float> sound;
  if (sound.size() < frames * channels) sound.resize(frames * channels);
  const absl::Span<float> out = absl::MakeSpan(sound).first(frames * channels);
  const PlayOutResult result = source_->PlayOut(out, now);
  Consume(result.silence_frames,
          out.first(static_cast<size_t>(result.media_frames) * channels));
  pulled_ += static_cast<int64_t>(frames);
}

}  // namespace earshot
