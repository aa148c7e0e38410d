#ifndef EARSHOT_SINKS_TONE_SOURCE_H_
#define EARSHOT_SINKS_TONE_SOURCE_H_

#include <atomic>
#include <cmath>
#include <cstdint>

#include "sinks/audio_sink.h"

namespace earshot {

// Plays a tone of 1 kHz at half the full scale, on all channels, for ever.
class ToneSource : public SoundSource {
 public:
  ToneSource(int rate_hz, int channels)
      : rate_hz_(rate_hz), channels_(channels) {}

  static float Sample(int64_t position, int rate_hz) {
    constexpr double kTurn = 2 * 3.14159265358979323846;
    const double turns =
        static_cast<double>(position * 1000 % rate_hz) / rate_hz;
    return static_cast<float>(0.5 * std::sin(kTurn * turns));
  }

  PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime) override {
    const auto width = static_cast<size_t>(channels_);
    int64_t position = pulled_frames.load();
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = Sample(position + static_cast<int64_t>(i / width), rate_hz_);
    }
    PlayOutResult result;
    result.media_frames = static_cast<int64_t>(out.size() / width);
    pulled_frames = position + result.media_frames;
    return result;
  }

  std::atomic<int64_t> pulled_frames{0};

 private:
  const int rate_hz_;
  const int channels_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_TONE_SOURCE_H_
