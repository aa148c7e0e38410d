#ifndef EARSHOT_CODEC_CHANNEL_LAYOUT_H_
#define EARSHOT_CODEC_CHANNEL_LAYOUT_H_

#include <cstddef>
#include <vector>

namespace earshot {

// Where the loudspeaker of a channel stands. The values are those of
// earshot.v1.ChannelPosition.
enum class ChannelPosition {
  kUnspecified = 0,  // a sink treats the channel as it sees fit
  kMono = 1,
  kFrontLeft = 2,
  kFrontRight = 3,
  kFrontCenter = 4,
  kLowFrequency = 5,
  kRearLeft = 6,
  kRearRight = 7,
  kSideLeft = 8,
  kSideRight = 9,
  kRearCenter = 10,
};

// One for each sample of a frame, in their order. No position is there twice,
// kUnspecified apart.
using ChannelLayout = std::vector<ChannelPosition>;

// What `positions` say; if they say nothing, mono is mono, and two channels are
// left and right.
inline ChannelLayout LayoutOf(int channels,
                              const ChannelLayout& positions = {}) {
  if (!positions.empty()) return positions;
  if (channels == 1) return {ChannelPosition::kMono};
  if (channels == 2) {
    return {ChannelPosition::kFrontLeft, ChannelPosition::kFrontRight};
  }
  return ChannelLayout(static_cast<size_t>(channels),
                       ChannelPosition::kUnspecified);
}

}  // namespace earshot

#endif  // EARSHOT_CODEC_CHANNEL_LAYOUT_H_
