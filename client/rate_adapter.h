#ifndef EARSHOT_CLIENT_RATE_ADAPTER_H_
#define EARSHOT_CLIENT_RATE_ADAPTER_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/codec_options.h"
#include "client/frame_scale.h"
#include "client/monotonic_time.h"
#include "client/player_core.h"
#include "client/player_types.h"
#include "client/rate_converter.h"

namespace earshot {

// Lets a source play at any rate: what it says and is told is in its own
// frames, and what the PlayerCore below says and is told in frames of the
// stream, which has a rate of the codec. Where both rates are the same it does
// nothing. The methods are RemotePlayer's.
//
// The source's frame n is the stream's frame ceil(n * stream rate / source
// rate) (FrameScale), exactly: that many are played of n that were written.
// What the resampler holds back is asked of the source so much earlier, so the
// sound leaves when the clock says.
//
// Thread: the loop of its owner.
class RateAdapter {
 public:
  // `core` outlives it.
  RateAdapter(PlayerCore* core, AudioCodec codec);
  RateAdapter(const RateAdapter&) = delete;
  RateAdapter& operator=(const RateAdapter&) = delete;

  absl::Status Prepare(const PlayerFormat& format, MonotonicTime now);
  void Start(MonotonicTime now);
  void Stop(MonotonicTime now);
  int64_t DuePosition(int64_t queued_end, MonotonicTime now);
  MonotonicTime NextDue(int64_t head_end, MonotonicTime now) const;
  void Write(absl::Span<const float> pcm, MonotonicTime now);
  void Discard(int64_t frames, MonotonicTime now);
  int64_t DelayFrames(MonotonicTime now) const;
  void Release(MonotonicTime now);
  PlayerStats stats() const;

 private:
  absl::Status PrepareConverter(const PlayerFormat& format, int stream_rate_hz);
  void Convert(absl::Span<const float> pcm, MonotonicTime now);
  void HandOver(int64_t position, MonotonicTime now);
  void FinishConverting(MonotonicTime now);
  // Up to where the stream may be written now.
  int64_t SendablePosition() const;
  // Of the stream, when the source has come to `position`.
  int64_t Converted(int64_t position) const;

  PlayerCore& core_;
  const AudioCodec codec_;

  bool converts_ = false;  // this epoch, or the last one
  bool prepared_ = false;
  bool running_ = false;
  FrameScale scale_;
  int source_rate_hz_ = 0;
  int channels_ = 0;
  int lag_frames_ = 0;     // that the resampler holds back
  int lead_frames_ = 0;    // by which the source is ahead of the stream's clock
  int64_t produced_ = 0;   // of the source
  int64_t handed_ = 0;     // of the stream, to the core
  int64_t due_ = 0;        // of the stream, as the core said last
  bool finished_ = false;  // the resampler has to start anew

  std::unique_ptr<RateConverter> converter_;  // kept between epochs
  int converter_in_hz_ = 0;
  int converter_out_hz_ = 0;
  int converter_channels_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_RATE_ADAPTER_H_
