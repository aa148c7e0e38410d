#ifndef EARSHOT_SINKS_AUDIO_SINK_H_
#define EARSHOT_SINKS_AUDIO_SINK_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// What a pull has brought.
struct PlayOutResult {
  // Frames of digital silence that were heard earlier (as part of what was no
  // media then) and that a recording is to write first.
  int64_t silence_frames = 0;
  // Frames of media, from the start of the span. The rest of the span is
  // silence that is no part of the stream: priming, an underrun, a pause.
  int64_t media_frames = 0;
};

// Where a sink pulls sound from: a session.
class SoundSource {
 public:
  virtual ~SoundSource() = default;
  // Fills all of `out`, interleaved, whose first frame is due at `now`. One
  // thread at a time. Does not block.
  virtual PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime now) = 0;
};

// The border to what consumes the sound of one epoch, and is thereby its
// clock: it pulls as much as has become due, when it has become due.
//
// A sink without a clock of its own pulls from Tick(), which a play-out thread
// calls every few milliseconds. A sound card pulls from its own callback
// instead; its Tick() only looks after the card. Nothing here fails: a sink in
// trouble says so in problem(), and goes on to pull, so that the stream flows.
// Start, Tick and Stop are called by one thread.
class AudioSink {
 public:
  virtual ~AudioSink() = default;

  // Begins to pull. The source outlives Stop().
  virtual void Start(SoundSource* source, MonotonicTime now) = 0;
  virtual void Tick(MonotonicTime now) = 0;
  // When it returns, nothing is pulled any more, and what was pulled is where
  // it should be: files are complete.
  virtual void Stop() = 0;

  // How long after it was pulled a frame is heard, as far as the sink knows.
  virtual std::chrono::nanoseconds latency() const {
    return std::chrono::nanoseconds(0);
  }
  // How often a card had nothing to play since Start(), as this process served
  // it too late.
  virtual int64_t underruns() const { return 0; }
  // Where the sound goes, such as "wav:/srv/a.wav".
  virtual std::string description() const = 0;
  // What is wrong, for people; empty if nothing is.
  virtual std::string problem() const = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_AUDIO_SINK_H_
