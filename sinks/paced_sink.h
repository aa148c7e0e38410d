#ifndef EARSHOT_SINKS_PACED_SINK_H_
#define EARSHOT_SINKS_PACED_SINK_H_

#include <cstdint>

#include "sinks/audio_sink.h"

namespace earshot {

// A sink without a sound card: the monotonic clock is its clock. Each Tick()
// pulls the frames that have become due since Start(), so there is no drift;
// after a late one, it catches up at twice the speed.
class PacedSink : public AudioSink {
 public:
  PacedSink(int rate_hz, int channels);

  void Start(SoundSource* source, MonotonicTime now) override;
  void Tick(MonotonicTime now) override;

 protected:
  int channels() const { return channels_; }

  // Takes what a pull has brought; `media` holds its media frames.
  virtual void Consume(int64_t silence_frames, absl::Span<const float> media) {
    (void)silence_frames;
    (void)media;
  }

 private:
  const int rate_hz_;
  const int channels_;
  SoundSource* source_ = nullptr;
  MonotonicTime start_;
  int64_t pulled_ = 0;  // frames since start_
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_PACED_SINK_H_
