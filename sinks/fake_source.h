#ifndef EARSHOT_SINKS_FAKE_SOURCE_H_
#define EARSHOT_SINKS_FAKE_SOURCE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sinks/audio_sink.h"

namespace earshot {

// A source that plays what a test gives it, and counts what is pulled.
class FakeSource : public SoundSource {
 public:
  explicit FakeSource(int channels) : channels_(channels) {}

  PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime) override {
    const size_t width = static_cast<size_t>(channels_);
    pulled_frames += static_cast<int64_t>(out.size() / width);
    std::fill(out.begin(), out.end(), 0.0f);
    const size_t samples = std::min(out.size(), media.size());
    std::copy_n(media.begin(), samples, out.begin());
    media.erase(media.begin(), media.begin() + static_cast<ptrdiff_t>(samples));
    PlayOutResult result;
    result.silence_frames = silence_frames;
    silence_frames = 0;
    result.media_frames = static_cast<int64_t>(samples / width);
    return result;
  }

  std::vector<float> media;    // to be played, interleaved
  int64_t silence_frames = 0;  // to be said with the next pull
  int64_t pulled_frames = 0;

 private:
  const int channels_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_FAKE_SOURCE_H_
