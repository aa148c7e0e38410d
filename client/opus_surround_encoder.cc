#include "client/opus_surround_encoder.h"

#include <opus/opus_multistream.h>

#include <array>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/opus_settings.h"

namespace earshot {
namespace {

// RFC 7845, 5.1.1.2: up to eight loudspeakers around the listener.
constexpr int kMappingFamily = 1;
constexpr int kMostChannels = 8;
// Of all streams but the last, a packet says how long they are.
constexpr int kMaxStreamBytes = kMaxOpusFrameBytes + 2;

}  // namespace

void OpusSurroundEncoder::Destroy::operator()(OpusMSEncoder* encoder) const {
  opus_multistream_encoder_destroy(encoder);
}

absl::StatusOr<std::unique_ptr<OpusSurroundEncoder>>
OpusSurroundEncoder::Create(const CodecOptions& options, int rate_hz,
                            const ChannelPositions& positions) {
  const int channels = static_cast<int>(positions.size());
  if (channels < 3 || channels > kMostChannels) {
    return absl::InvalidArgumentError(
        absl::StrCat("Opus takes 1 to 8 channels, not ", channels));
  }
  std::optional<std::vector<int>> order =
      ChannelOrder(positions, VorbisPositions(channels));
  if (!order) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Opus takes ", channels, " channels only where RFC 7845 has them"));
  }
  if (absl::Status s = CheckOpusOptions(options, rate_hz); !s.ok()) return s;
  int error = OPUS_OK;
  int streams = 0;
  int coupled = 0;
  std::array<unsigned char, kMostChannels> mapping;
  Encoder encoder(opus_multistream_surround_encoder_create(
      rate_hz, channels, kMappingFamily, &streams, &coupled, mapping.data(),
      OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error));
  if (error != OPUS_OK) {
    return absl::InternalError(absl::StrCat("Opus: ", opus_strerror(error)));
  }
  opus_int32 lookahead = 0;
  for (int result :
       {opus_multistream_encoder_ctl(
            encoder.get(), OPUS_SET_BITRATE(OpusBitrate(options, channels))),
        opus_multistream_encoder_ctl(encoder.get(), OPUS_SET_VBR(1)),
        opus_multistream_encoder_ctl(encoder.get(),
                                     OPUS_SET_COMPLEXITY(options.complexity)),
        opus_multistream_encoder_ctl(encoder.get(),
                                     OPUS_GET_LOOKAHEAD(&lookahead))}) {
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
  return std::unique_ptr<OpusSurroundEncoder>(new OpusSurroundEncoder(
      shape, std::move(encoder), rate_hz, streams, coupled, *std::move(order)));
}

OpusSurroundEncoder::OpusSurroundEncoder(const Shape& shape, Encoder encoder,
                                         int rate_hz, int streams,
                                         int coupled_streams,
                                         std::vector<int> order)
    : PacketEncoder(shape),
      encoder_(std::move(encoder)),
      rate_hz_(rate_hz),
      streams_(streams),
      coupled_streams_(coupled_streams),
      order_(std::move(order)),
      ordered_(size_t{2} * shape.packet_frames * shape.channels),
      payload_(size_t{kMaxStreamBytes} * streams) {
  StartAt(0);
}

OpusSurroundEncoder::~OpusSurroundEncoder() = default;

// The settings survive it.
void OpusSurroundEncoder::RestartCodec() {
  opus_multistream_encoder_ctl(encoder_.get(), OPUS_RESET_STATE);
}

absl::Span<const uint8_t> OpusSurroundEncoder::CodeBlock(
    absl::Span<const float> pcm) {
  const size_t channels = order_.size();
  const size_t frames = pcm.size() / channels;
  for (size_t frame = 0; frame < frames; ++frame) {
    const float* in = pcm.data() + frame * channels;
    float* out = ordered_.data() + frame * channels;
    for (size_t c = 0; c < channels; ++c) out[c] = in[order_[c]];
  }
  const int size = opus_multistream_encode_float(
      encoder_.get(), ordered_.data(), static_cast<int>(frames),
      payload_.data(), static_cast<opus_int32>(payload_.size()));
  if (size <= 0) return EmptyBlock(static_cast<int>(frames));
  return absl::MakeConstSpan(payload_).subspan(0, size);
}

// Self-delimited (RFC 6716, appendix B) but for the last stream.
absl::Span<const uint8_t> OpusSurroundEncoder::EmptyBlock(int frames) {
  size_t size = 0;
  for (int stream = 0; stream < streams_; ++stream) {
    payload_[size++] =
        EmptyOpusPacket(frames, rate_hz_, stream < coupled_streams_);
    if (stream + 1 < streams_) payload_[size++] = 0;
  }
  return absl::MakeConstSpan(payload_).subspan(0, size);
}

}  // namespace earshot
