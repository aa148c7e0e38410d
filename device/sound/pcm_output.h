#ifndef EARSHOT_DEVICE_SOUND_PCM_OUTPUT_H_
#define EARSHOT_DEVICE_SOUND_PCM_OUTPUT_H_

#include <chrono>
#include <cstdint>

#include "absl/types/span.h"

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// Sample formats of the guest, little-endian. The number is how many bits
// count: the lowest of the sample's bytes (2, 4, or 3 where the name says so).
// Unsigned ones are silent at their middle.
enum class SampleFormat {
  kS8,
  kU8,
  kS16,
  kU16,
  kS18In3,
  kU18In3,
  kS20In3,
  kU20In3,
  kS24In3,
  kU24In3,
  kS20,
  kU20,
  kS24,
  kU24,
  kS32,
  kU32,
  kFloat32,
  kFloat64,
};

constexpr int SampleBytes(SampleFormat format) {
  switch (format) {
    case SampleFormat::kS8:
    case SampleFormat::kU8:
      return 1;
    case SampleFormat::kS16:
    case SampleFormat::kU16:
      return 2;
    case SampleFormat::kS18In3:
    case SampleFormat::kU18In3:
    case SampleFormat::kS20In3:
    case SampleFormat::kU20In3:
    case SampleFormat::kS24In3:
    case SampleFormat::kU24In3:
      return 3;
    case SampleFormat::kFloat64:
      return 8;
    default:
      return 4;
  }
}

// What the guest has set for a PCM stream. Channels are in ALSA's usual order:
// see UsualPositions() in pcm_params.h.
struct PcmParams {
  SampleFormat format = SampleFormat::kS16;
  int rate_hz = 48000;
  int channels = 2;
  int buffer_frames = 0;  // the guest's ring
  int period_frames = 0;
};

// Bytes of one frame: one sample of every channel.
constexpr int FrameBytes(const PcmParams& params) {
  return SampleBytes(params.format) * params.channels;
}

// How loud a stream is played at its far end: 0 dB at most; at -60 dB and
// below, nothing is heard.
struct StreamVolume {
  double gain_db = 0;
  bool mute = false;

  bool operator==(const StreamVolume&) const = default;
};

// The border between the sound device and what consumes the sound: the output
// callback of one PCM stream. The output owns the clock; the stream asks it
// how far the guest's sound may leave, and hands it over then.
//
// An epoch runs from Prepare to Release; positions are frames since Prepare.
// Thread: the device's loop. Nothing may block, and nothing fails: an output
// whose far end is gone goes on in free-run and counts what it discards.
class PcmOutput {
 public:
  virtual ~PcmOutput() = default;

  // Begins an epoch. A second Prepare without Release begins another one.
  virtual void Prepare(const PcmParams& params, MonotonicTime now) = 0;
  // The clock runs from here on, or goes on after Stop.
  virtual void Start(MonotonicTime now) = 0;
  // The clock stands still; positions stay.
  virtual void Stop(MonotonicTime now) = 0;

  // The position up to which the guest's sound is to leave at `now`: what the
  // clock has passed and the far end has granted. `queued_end` is the position
  // up to which the guest has queued sound; the result is never beyond it, and
  // never goes back.
  virtual int64_t DuePosition(int64_t queued_end, MonotonicTime now) = 0;
  // When the stream is to ask DuePosition() again: when the clock passes
  // `head_end` (the end of the guest's oldest buffer) or when the output wants
  // sound (a packet is full), whichever comes first. max() while the clock
  // stands still or waits for the far end; the wiring polls the device when
  // that answers.
  virtual MonotonicTime NextDue(int64_t head_end, MonotonicTime now) const = 0;

  // The sound that follows what was written before: whole frames in the
  // guest's format. What goes beyond the grant (after the stream was told to
  // flush) is counted as skipped.
  virtual void Write(absl::Span<const uint8_t> frames, MonotonicTime now) = 0;

  // How long after Write() a frame is heard, in frames of the stream: for
  // latency_bytes (5.14.6.8).
  virtual int64_t DelayFrames(MonotonicTime now) const = 0;

  // Whether the far end is there: what the stream's jack says (5.14.6.4). The
  // wiring polls the device when this or volume() changes.
  virtual bool IsConnected() const = 0;
  // The volume is the far end's, and others may set it too. It is set whether
  // an epoch is under way or not, and stays.
  virtual void SetVolume(const StreamVolume& volume, MonotonicTime now) = 0;
  virtual StreamVolume volume() const = 0;

  // Ends the epoch behind the last written frame; the far end plays the tail.
  virtual void Release(MonotonicTime now) = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_PCM_OUTPUT_H_
