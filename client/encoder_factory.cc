#include "client/encoder_factory.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/opus_packet_encoder.h"
#include "client/opus_settings.h"
#include "client/opus_surround_encoder.h"
#include "client/pcm_packet_encoder.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<PacketEncoder>> CreatePacketEncoder(
    const CodecOptions& options, int rate_hz, int channels,
    const ChannelPositions& positions) {
  if (channels < 1 || channels > 8) {
    return absl::InvalidArgumentError(
        absl::StrCat("a stream has 1 to 8 channels, not ", channels));
  }
  if (!positions.empty() && positions.size() != static_cast<size_t>(channels)) {
    return absl::InvalidArgumentError("each channel has one position");
  }
  switch (options.codec) {
    case AudioCodec::kOpus:
      if (channels <= 2) {
        return OpusPacketEncoder::Create(options, rate_hz, channels);
      }
      return OpusSurroundEncoder::Create(
          options, rate_hz,
          positions.empty() ? AlsaPositions(channels) : positions);
    case AudioCodec::kPcmS16Le:
      return PcmPacketEncoder::Create(options, rate_hz, channels);
  }
  return absl::InvalidArgumentError("the codec is opus or pcm");
}

ChannelPositions PacketPositions(AudioCodec codec, int channels,
                                 const ChannelPositions& positions) {
  if (channels <= 2) return {};
  if (codec == AudioCodec::kOpus) return VorbisPositions(channels);
  return positions.empty() ? AlsaPositions(channels) : positions;
}

int PacketRate(AudioCodec codec, int rate_hz) {
  return codec != AudioCodec::kOpus || IsOpusRate(rate_hz) ? rate_hz : 48000;
}

}  // namespace earshot
