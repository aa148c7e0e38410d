#ifndef EARSHOT_SERVER_STREAM_TYPES_H_
#define EARSHOT_SERVER_STREAM_TYPES_H_

#include <chrono>
#include <cstdint>

#include "server/sinks/channel_layout.h"

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

// How packets carry PCM.
enum class MediaCodec { kOpus, kPcmS16le };

// One epoch as the client began it, already checked.
struct EpochParams {
  uint64_t epoch = 0;
  int rate_hz = 48000;
  int channels = 2;
  // As the client gave them: none, or one for each channel.
  ChannelLayout positions;
  MediaCodec codec = MediaCodec::kOpus;
  // Frames that the decoder puts out, each time that it starts anew, before
  // the first frame of the stream.
  int pre_skip_frames = 0;
  // Takes the place of pre_skip_frames where the codec starts for the first
  // time in an epoch that goes on in its middle; 0 if there is none.
  int pre_roll_frames = 0;
  // The client wants the least delay.
  bool low_latency = false;
  int guest_buffer_frames = 0;
  int guest_period_frames = 0;
  // The guest's own rate, if the client has resampled; else 0.
  int guest_rate_hz = 0;
  // Where positions start: 0, or where an epoch goes on after a new Open.
  int64_t first_frame = 0;

  // What the decoder's first frames are dropped for.
  int frames_to_drop_first() const {
    return pre_roll_frames > 0 ? pre_roll_frames : pre_skip_frames;
  }
};

// Limits of the contract (earshot.v1.Packet, Limits).
constexpr int kMaxPayloadBytes = 61440;
constexpr int kMaxPacketMs = 120;
constexpr int kMaxChannels = 8;
constexpr int kMinRateHz = 8000;
constexpr int kMaxRateHz = 192000;
// Far below 2^63, so that sums of two positions never overflow: 3000 years.
constexpr int64_t kMaxPosition = int64_t{1} << 52;

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_TYPES_H_
