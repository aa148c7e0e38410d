#include "client/encoder_factory.h"

#include "client/opus_packet_encoder.h"
#include "client/pcm_packet_encoder.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<PacketEncoder>> CreatePacketEncoder(
    const CodecOptions& options, int rate_hz, int channels) {
  switch (options.codec) {
    case AudioCodec::kOpus:
      return OpusPacketEncoder::Create(options, rate_hz, channels);
    case AudioCodec::kPcmS16Le:
      return PcmPacketEncoder::Create(options, rate_hz, channels);
  }
  return absl::InvalidArgumentError("the codec is opus or pcm");
}

}  // namespace earshot
