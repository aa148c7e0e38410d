#include "sinks/wav_channels.h"

#include <algorithm>
#include <numeric>

namespace earshot {
namespace {

// SPEAKER_FRONT_LEFT and so on, of Windows' ksmedia.h; 0 if there is none.
uint32_t Bit(ChannelPosition position) {
  switch (position) {
    case ChannelPosition::kFrontLeft:
      return 0x1;
    case ChannelPosition::kFrontRight:
      return 0x2;
    case ChannelPosition::kMono:
    case ChannelPosition::kFrontCenter:
      return 0x4;
    case ChannelPosition::kLowFrequency:
      return 0x8;
    case ChannelPosition::kRearLeft:
      return 0x10;
    case ChannelPosition::kRearRight:
      return 0x20;
    case ChannelPosition::kRearCenter:
      return 0x100;
    case ChannelPosition::kSideLeft:
      return 0x200;
    case ChannelPosition::kSideRight:
      return 0x400;
    case ChannelPosition::kUnspecified:
      break;
  }
  return 0;
}

}  // namespace

WavChannels WavChannelsOf(const ChannelLayout& layout) {
  WavChannels channels;
  for (const ChannelPosition position : layout) channels.mask |= Bit(position);
  channels.order.resize(layout.size());
  std::iota(channels.order.begin(), channels.order.end(), 0);
  std::stable_sort(channels.order.begin(), channels.order.end(),
                   [&layout](size_t a, size_t b) {
                     // No bit is behind all bits.
                     return Bit(layout[a]) - 1 < Bit(layout[b]) - 1;
                   });
  return channels;
}

}  // namespace earshot
