#ifndef EARSHOT_CLIENT_ENCODER_FACTORY_H_
#define EARSHOT_CLIENT_ENCODER_FACTORY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/channel_layout.h"
#include "client/codec_options.h"
#include "client/packet_encoder.h"

namespace earshot {

// The encoder of a codec. `positions` of the channels that go in; empty for
// ALSA's usual ones. INVALID_ARGUMENT says what is allowed.
absl::StatusOr<std::unique_ptr<PacketEncoder>> CreatePacketEncoder(
    const CodecOptions& options, int rate_hz, int channels,
    const ChannelPositions& positions = {});

// The positions of the channels that its packets hold; empty if there is no
// need to say them.
ChannelPositions PacketPositions(AudioCodec codec, int channels,
                                 const ChannelPositions& positions);

// The rate at which a codec carries sound of this one: its own, if it can.
int PacketRate(AudioCodec codec, int rate_hz);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_ENCODER_FACTORY_H_
