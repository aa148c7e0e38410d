#ifndef EARSHOT_SINKS_WAV_CHANNELS_H_
#define EARSHOT_SINKS_WAV_CHANNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/channel_layout.h"

namespace earshot {

// How a WAV file holds channels: in the order of the bits of a mask that says
// what they are (WAVEFORMATEXTENSIBLE, dwChannelMask).
struct WavChannels {
  uint32_t mask = 0;
  // The channel of the stream that comes first in the file, and so on. Those
  // without a position come last.
  std::vector<size_t> order;
};

WavChannels WavChannelsOf(const ChannelLayout& layout);

}  // namespace earshot

#endif  // EARSHOT_SINKS_WAV_CHANNELS_H_
