#ifndef EARSHOT_CODEC_CODED_FORMAT_H_
#define EARSHOT_CODEC_CODED_FORMAT_H_

#include "codec/channel_layout.h"

namespace earshot {

// How packets carry PCM.
enum class MediaCodec { kOpus, kPcmS16le };

// What the packets of an epoch hold, already checked: earshot.v1.Begin.
struct CodedFormat {
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

}  // namespace earshot

#endif  // EARSHOT_CODEC_CODED_FORMAT_H_
