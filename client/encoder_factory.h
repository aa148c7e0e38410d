#ifndef EARSHOT_CLIENT_ENCODER_FACTORY_H_
#define EARSHOT_CLIENT_ENCODER_FACTORY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/codec_options.h"
#include "client/packet_encoder.h"

namespace earshot {

// The encoder of a codec. INVALID_ARGUMENT says what is allowed.
absl::StatusOr<std::unique_ptr<PacketEncoder>> CreatePacketEncoder(
    const CodecOptions& options, int rate_hz, int channels);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_ENCODER_FACTORY_H_
