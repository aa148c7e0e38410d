#include "client/opus_packet_encoder.h"

#include <opus/opus.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// The largest packet of one Opus frame: a byte before 1275 (RFC 6716, 3.2.1).
constexpr int kMaxPayload = 1276;

// How long the decoder's output takes to die away under zeros. What lasts is
// the encoder's own filter against DC (3 Hz): measured to half a step of 16
// bits, 290 ms after a sine, 340 ms after noise, 450 ms after a cut at full
// scale; a full-scale DC takes 590 ms.
constexpr int kHangoverUs = 600000;

// "Nothing was sent for this block": a table-of-contents byte alone (RFC 6716,
// 3.1), which a decoder conceals.
uint8_t EmptyPacket(int frames, int rate_hz, int channels) {
  int config = 28;  // CELT, full band, 2.5 ms
  for (int size = rate_hz / 400; size < frames; size *= 2) ++config;
  return static_cast<uint8_t>(config << 3 | (channels == 2 ? 4 : 0));
}

absl::Status Check(const CodecOptions& options, int rate_hz, int channels) {
  switch (rate_hz) {
    case 8000:
    case 12000:
    case 16000:
    case 24000:
    case 48000:
      break;
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "Opus takes 8000, 12000, 16000, 24000 or 48000 Hz, not ", rate_hz));
  }
  if (channels != 1 && channels != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("Opus takes 1 or 2 channels, not ", channels));
  }
  switch (options.packet_us) {
    case 2500:
    case 5000:
    case 10000:
    case 20000:
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("a packet holds 2.5, 5, 10 or 20 ms, not ",
                       options.packet_us / 1000.0));
  }
  if (options.bitrate_bps != 0 &&
      (options.bitrate_bps < 6000 || options.bitrate_bps > 510000)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the bit rate is 6000 to 510000 b/s, or 0 for 64000 a "
                     "channel, not ",
                     options.bitrate_bps));
  }
  if (options.complexity < 0 || options.complexity > 10) {
    return absl::InvalidArgumentError(
        absl::StrCat("the complexity is 0 to 10, not ", options.complexity));
  }
  return absl::OkStatus();
}

}  // namespace

void OpusPacketEncoder::Destroy::operator()(OpusEncoder* encoder) const {
  opus_encoder_destroy(encoder);
}

absl::StatusOr<std::unique_ptr<OpusPacketEncoder>> OpusPacketEncoder::Create(
    const CodecOptions& options, int rate_hz, int channels) {
  if (absl::Status s = Check(options, rate_hz, channels); !s.ok()) return s;
  int error = OPUS_OK;
  Encoder encoder(opus_encoder_create(
      rate_hz, channels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error));
  if (error != OPUS_OK) {
    return absl::InternalError(absl::StrCat("Opus: ", opus_strerror(error)));
  }
  const int bitrate =
      options.bitrate_bps != 0 ? options.bitrate_bps : 64000 * channels;
  opus_int32 lookahead = 0;
  for (int result :
       {opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(bitrate)),
        opus_encoder_ctl(encoder.get(), OPUS_SET_VBR(1)),
        opus_encoder_ctl(encoder.get(),
                         OPUS_SET_COMPLEXITY(options.complexity)),
        opus_encoder_ctl(encoder.get(), OPUS_GET_LOOKAHEAD(&lookahead))}) {
    if (result != OPUS_OK) {
      return absl::InternalError(absl::StrCat("Opus: ", opus_strerror(result)));
    }
  }
  Shape shape;
  shape.channels = channels;
  shape.packet_frames =
      static_cast<int>(int64_t{rate_hz} * options.packet_us / 1000000);
  shape.pre_skip_frames = lookahead;
  shape.hangover_packets =
      (kHangoverUs + options.packet_us - 1) / options.packet_us;
  return std::unique_ptr<OpusPacketEncoder>(
      new OpusPacketEncoder(shape, std::move(encoder), rate_hz));
}

OpusPacketEncoder::OpusPacketEncoder(const Shape& shape, Encoder encoder,
                                     int rate_hz)
    : PacketEncoder(shape),
      encoder_(std::move(encoder)),
      rate_hz_(rate_hz),
      payload_(kMaxPayload) {
  StartAt(0);
}

OpusPacketEncoder::~OpusPacketEncoder() = default;

// The settings survive it.
void OpusPacketEncoder::RestartCodec() {
  opus_encoder_ctl(encoder_.get(), OPUS_RESET_STATE);
}

absl::Span<const uint8_t> OpusPacketEncoder::CodeBlock(
    absl::Span<const float> pcm) {
  const int frames = static_cast<int>(pcm.size()) / channels();
  const int size = opus_encode_float(encoder_.get(), pcm.data(), frames,
                                     payload_.data(), kMaxPayload);
  if (size > 0) return absl::MakeConstSpan(payload_).subspan(0, size);
  payload_[0] = EmptyPacket(frames, rate_hz_, channels());
  return absl::MakeConstSpan(payload_).subspan(0, 1);
}

}  // namespace earshot
