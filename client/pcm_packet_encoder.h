#ifndef EARSHOT_CLIENT_PCM_PACKET_ENCODER_H_
#define EARSHOT_CLIENT_PCM_PACKET_ENCODER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/codec_options.h"
#include "client/packet_encoder.h"

namespace earshot {

// CODEC_PCM_S16LE: lossless for what came from 16-bit samples; others are
// rounded, and clipped at full scale. Thread: as PacketEncoder.
class PcmPacketEncoder : public PacketEncoder {
 public:
  // INVALID_ARGUMENT says what is allowed: 1000 to 192000 Hz, 1 to 8 channels,
  // packets as CodecOptions says.
  static absl::StatusOr<std::unique_ptr<PcmPacketEncoder>> Create(
      const CodecOptions& options, int rate_hz, int channels);

 private:
  explicit PcmPacketEncoder(const Shape& shape);

  void RestartCodec() override {}
  absl::Span<const uint8_t> CodeBlock(absl::Span<const float> pcm) override;

  std::vector<uint8_t> payload_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PCM_PACKET_ENCODER_H_
