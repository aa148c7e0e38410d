#ifndef EARSHOT_CLIENT_OPUS_PACKET_ENCODER_H_
#define EARSHOT_CLIENT_OPUS_PACKET_ENCODER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/codec_options.h"
#include "client/packet_encoder.h"

struct OpusEncoder;

namespace earshot {

// Opus (RFC 6716) in its restricted low delay: CELT only, a lag of 2.5 ms, VBR.
// Thread: as PacketEncoder.
class OpusPacketEncoder : public PacketEncoder {
 public:
  // INVALID_ARGUMENT says what is allowed: 8, 12, 16, 24 and 48 kHz, one and
  // two channels, and what CodecOptions says.
  static absl::StatusOr<std::unique_ptr<OpusPacketEncoder>> Create(
      const CodecOptions& options, int rate_hz, int channels);
  ~OpusPacketEncoder() override;

 private:
  struct Destroy {
    void operator()(OpusEncoder* encoder) const;
  };
  using Encoder = std::unique_ptr<OpusEncoder, Destroy>;
  OpusPacketEncoder(const Shape& shape, Encoder encoder, int rate_hz);

  void RestartCodec() override;
  absl::Span<const uint8_t> CodeBlock(absl::Span<const float> pcm) override;

  const Encoder encoder_;
  const int rate_hz_;
  std::vector<uint8_t> payload_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_OPUS_PACKET_ENCODER_H_
