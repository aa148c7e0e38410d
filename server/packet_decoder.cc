#include "server/packet_decoder.h"

#include <opus/opus_multistream.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/opus_framing.h"
#include "server/opus_layout.h"

namespace earshot {
namespace {

const unsigned char* Bytes(absl::string_view payload) {
  return reinterpret_cast<const unsigned char*>(payload.data());
}

}  // namespace

void PacketDecoder::OpusDeleter::operator()(OpusMSDecoder* decoder) const {
  opus_multistream_decoder_destroy(decoder);
}

absl::StatusOr<std::unique_ptr<PacketDecoder>> PacketDecoder::Create(
    const EpochParams& params) {
  std::unique_ptr<PacketDecoder> decoder(new PacketDecoder(params));
  if (params.codec == MediaCodec::kOpus) {
    const OpusLayout layout = OpusLayoutOf(params.channels);
    int error = OPUS_OK;
    decoder->opus_.reset(opus_multistream_decoder_create(
        params.rate_hz, params.channels, layout.streams, layout.coupled_streams,
        layout.mapping.data(), &error));
    if (error != OPUS_OK) {
      return absl::InvalidArgumentError(
          absl::StrCat("Opus cannot decode ", params.rate_hz, " Hz, ",
                       params.channels, " channels: ", opus_strerror(error)));
    }
  }
  return decoder;
}

PacketDecoder::PacketDecoder(const EpochParams& params)
    : codec_(params.codec),
      rate_hz_(params.rate_hz),
      channels_(params.channels),
      pre_skip_frames_(params.pre_skip_frames),
      left_to_drop_(params.frames_to_drop_first()) {}

PacketDecoder::~PacketDecoder() = default;

absl::StatusOr<int> PacketDecoder::CountFrames(MediaCodec codec, int rate_hz,
                                               int channels,
                                               absl::string_view payload) {
  if (payload.empty()) return absl::InvalidArgumentError("it is empty");
  if (codec == MediaCodec::kPcmS16le) {
    const size_t frame_bytes = sizeof(int16_t) * channels;
    if (payload.size() % frame_bytes != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(payload.size(), " bytes are no multiple of the ",
                       frame_bytes, " bytes of a frame"));
    }
    return static_cast<int>(payload.size() / frame_bytes);
  }
  return CountOpusFrames(payload, OpusLayoutOf(channels).streams, rate_hz);
}

void PacketDecoder::Restart() {
  left_to_drop_ = pre_skip_frames_;
  if (opus_ != nullptr) {
    opus_multistream_decoder_ctl(opus_.get(), OPUS_RESET_STATE);
  }
}

absl::Status PacketDecoder::Decode(absl::string_view payload, int frame_count,
                                   std::vector<float>* pcm) {
  absl::StatusOr<int> decoded =
      CountFrames(codec_, rate_hz_, channels_, payload);
  if (!decoded.ok()) return decoded.status();
  pcm->resize(static_cast<size_t>(*decoded) * channels_);
  if (codec_ == MediaCodec::kOpus) {
    const int frames = opus_multistream_decode_float(
        opus_.get(), Bytes(payload), static_cast<opus_int32>(payload.size()),
        pcm->data(), *decoded, /*decode_fec=*/0);
    if (frames != *decoded) {
      return absl::InvalidArgumentError("Opus cannot decode the packet");
    }
  } else {
    const unsigned char* bytes = Bytes(payload);
    for (size_t i = 0; i < pcm->size(); ++i) {
      const auto sample = static_cast<int16_t>(
          static_cast<uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8));
      (*pcm)[i] = static_cast<float>(sample) / 32768.0f;
    }
  }
  const int drop = std::min(left_to_drop_, *decoded);
  left_to_drop_ -= drop;
  if (frame_count < 0 || frame_count > *decoded - drop) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the packet holds ", *decoded - drop, " frames, not ", frame_count));
  }
  pcm->erase(pcm->begin(),
             pcm->begin() + static_cast<ptrdiff_t>(drop) * channels_);
  pcm->resize(static_cast<size_t>(frame_count) * channels_);
  return absl::OkStatus();
}

}  // namespace earshot
