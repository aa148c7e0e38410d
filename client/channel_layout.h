#ifndef EARSHOT_CLIENT_CHANNEL_LAYOUT_H_
#define EARSHOT_CLIENT_CHANNEL_LAYOUT_H_

#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "proto/earshot/v1/format.pb.h"

namespace earshot {

// Where the loudspeakers of a frame's channels stand, in the channels' order.
using ChannelPositions = std::vector<v1::ChannelPosition>;

// As ALSA usually has them, for 1 to 8 channels; empty for another count.
ChannelPositions AlsaPositions(int channels);
// As Opus has them: Vorbis's order (RFC 7845, 5.1.1.2).
ChannelPositions VorbisPositions(int channels);
// In the order of the bits of a WAV file's channel mask, for 3 to 8 channels;
// empty for another count.
ChannelPositions WavPositions(int channels);

// For each of `to`, which one of `from` it is; nullopt if they are not the same
// positions.
std::optional<std::vector<int>> ChannelOrder(
    absl::Span<const v1::ChannelPosition> from,
    absl::Span<const v1::ChannelPosition> to);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CHANNEL_LAYOUT_H_
