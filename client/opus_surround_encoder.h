#ifndef EARSHOT_CLIENT_OPUS_SURROUND_ENCODER_H_
#define EARSHOT_CLIENT_OPUS_SURROUND_ENCODER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/channel_layout.h"
#include "client/codec_options.h"
#include "client/packet_encoder.h"

struct OpusMSEncoder;

namespace earshot {

// Opus with 3 to 8 channels: several streams of one or two channels in each
// packet, channel mapping family 1 of RFC 7845. A decoder needs to be told no
// more than the number of channels; it puts them out as VorbisPositions() says,
// whatever their order was here. Else as OpusPacketEncoder.
class OpusSurroundEncoder : public PacketEncoder {
 public:
  // `positions` of the samples that go in. INVALID_ARGUMENT says what is
  // allowed: the rates of Opus, the positions of VorbisPositions() in any
  // order, and what CodecOptions says.
  static absl::StatusOr<std::unique_ptr<OpusSurroundEncoder>> Create(
      const CodecOptions& options, int rate_hz,
      const ChannelPositions& positions);
  ~OpusSurroundEncoder() override;

 private:
  struct Destroy {
    void operator()(OpusMSEncoder* encoder) const;
  };
  using Encoder = std::unique_ptr<OpusMSEncoder, Destroy>;
  OpusSurroundEncoder(const Shape& shape, Encoder encoder, int rate_hz,
                      int streams, int coupled_streams, std::vector<int> order);

  void RestartCodec() override;
  absl::Span<const uint8_t> CodeBlock(absl::Span<const float> pcm) override;
  absl::Span<const uint8_t> EmptyBlock(int frames);

  const Encoder encoder_;
  const int rate_hz_;
  const int streams_;
  const int coupled_streams_;     // the first ones: two channels each
  const std::vector<int> order_;  // which input each channel is
  std::vector<float> ordered_;
  std::vector<uint8_t> payload_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_OPUS_SURROUND_ENCODER_H_
