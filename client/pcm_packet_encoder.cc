#include "client/pcm_packet_encoder.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

int16_t ToS16(float x) {
  const float scaled = x * 32768.0f;
  // NaN fails both comparisons of clamp.
  if (std::isnan(scaled)) return 0;
  return static_cast<int16_t>(
      std::lrint(std::clamp(scaled, -32768.0f, 32767.0f)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PcmPacketEncoder>> PcmPacketEncoder::Create(
    const CodecOptions& options, int rate_hz, int channels) {
  if (rate_hz < 1000 || rate_hz > 192000) {
    return absl::InvalidArgumentError(
        absl::StrCat("PCM takes 1000 to 192000 Hz, not ", rate_hz));
  }
  if (channels < 1 || channels > 8) {
    return absl::InvalidArgumentError(
        absl::StrCat("PCM takes 1 to 8 channels, not ", channels));
  }
  if (options.packet_us != 2500 && options.packet_us != 5000 &&
      options.packet_us != 10000 && options.packet_us != 20000) {
    return absl::InvalidArgumentError(
        absl::StrCat("a packet holds 2.5, 5, 10 or 20 ms, not ",
                     options.packet_us / 1000.0));
  }
  Shape shape;
  shape.channels = channels;
  shape.packet_frames =
      static_cast<int>(int64_t{rate_hz} * options.packet_us / 1000000);
  return std::unique_ptr<PcmPacketEncoder>(new PcmPacketEncoder(shape));
}

PcmPacketEncoder::PcmPacketEncoder(const Shape& shape)
    : PacketEncoder(shape),
      payload_(sizeof(int16_t) * shape.packet_frames * shape.channels) {
  StartAt(0);
}

absl::Span<const uint8_t> PcmPacketEncoder::CodeBlock(
    absl::Span<const float> pcm) {
  uint8_t* out = payload_.data();
  for (float x : pcm) {
    const auto sample = static_cast<uint16_t>(ToS16(x));
    *out++ = static_cast<uint8_t>(sample);
    *out++ = static_cast<uint8_t>(sample >> 8);
  }
  return payload_;
}

}  // namespace earshot
