#ifndef EARSHOT_CODEC_OPUS_LAYOUT_H_
#define EARSHOT_CODEC_OPUS_LAYOUT_H_

#include <array>

#include "codec/channel_layout.h"
#include "codec/coded_format.h"

namespace earshot {

// How Opus carries channels: in streams of two (which come first) and of one,
// of which each packet holds all. Channel i is the output mapping[i] of the
// decoders. One and two channels are one stream: a plain packet.
struct OpusLayout {
  int streams = 0;
  int coupled_streams = 0;
  std::array<unsigned char, kMaxChannels> mapping = {};
  ChannelLayout positions;
};

// Channel mapping family 1 (RFC 7845, 5.1.1.2), with the streams that libopus
// makes of it. `channels`: 1 to kMaxChannels.
OpusLayout OpusLayoutOf(int channels);

}  // namespace earshot

#endif  // EARSHOT_CODEC_OPUS_LAYOUT_H_
