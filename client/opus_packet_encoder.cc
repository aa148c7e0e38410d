#include "client/opus_packet_encoder.h"

#include <opus/opus.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/opus_settings.h"

namespace earshot {
namespace {

absl::Status Check(const CodecOptions& options, int rate_hz, int channels) {
  if (channels != 1 && channels != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("Opus takes 1 or 2 channels, not ", channels));
  }
  return CheckOpusOptions(options, rate_hz);
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
  opus_int32 lookahead = 0;
  for (int result :
       {opus_encoder_ctl(encoder.get(),
                         OPUS_SET_BITRATE(OpusBitrate(options, channels))),
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
      (kOpusHangoverUs + options.packet_us - 1) / options.packet_us;
  return std::unique_ptr<OpusPacketEncoder>(
      new OpusPacketEncoder(shape, std::move(encoder), rate_hz));
}

OpusPacketEncoder::OpusPacketEncoder(const Shape& shape, Encoder encoder,
                                     int rate_hz)
    : PacketEncoder(shape),
      encoder_(std::move(encoder)),
      rate_hz_(rate_hz),
      payload_(kMaxOpusFrameBytes) {
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
                                     payload_.data(), kMaxOpusFrameBytes);
  if (size > 0) return absl::MakeConstSpan(payload_).subspan(0, size);
  payload_[0] = EmptyOpusPacket(frames, rate_hz_, channels() == 2);
  return absl::MakeConstSpan(payload_).subspan(0, 1);
}

}  // namespace earshot
