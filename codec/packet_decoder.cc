#include "codec/packet_decoder.h"

#include <opus/opus_multistream.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "codec/opus_framing.h"
#include "codec/opus_layout.h"

namespace earshot {
namespace {

const unsigned char* Bytes(absl::string_view payload) {
  return reinterpret_cast<const unsigned char*>(payload.data());
}

}  // namespace

void PacketDecoder::OpusDeleter::operator()(OpusDecoder* decoder) const {
  opus_decoder_destroy(decoder);
}

void PacketDecoder::OpusDeleter::operator()(OpusMSDecoder* decoder) const {
  opus_multistream_decoder_destroy(decoder);
}

absl::StatusOr<std::unique_ptr<PacketDecoder>> PacketDecoder::Create(
    const CodedFormat& format) {
  std::unique_ptr<PacketDecoder> decoder(new PacketDecoder(format));
  if (format.codec == MediaCodec::kOpus) {
    const OpusLayout layout = OpusLayoutOf(format.channels);
    int error = OPUS_OK;
    if (layout.streams == 1) {
      decoder->one_stream_.reset(
          opus_decoder_create(format.rate_hz, format.channels, &error));
    } else {
      decoder->streams_.reset(opus_multistream_decoder_create(
          format.rate_hz, format.channels, layout.streams,
          layout.coupled_streams, layout.mapping.data(), &error));
    }
    if (error != OPUS_OK) {
      return absl::InvalidArgumentError(
          absl::StrCat("Opus cannot decode ", format.rate_hz, " Hz, ",
                       format.channels, " channels: ", opus_strerror(error)));
    }
  }
  return decoder;
}

PacketDecoder::PacketDecoder(const CodedFormat& format)
    : codec_(format.codec),
      rate_hz_(format.rate_hz),
      channels_(format.channels),
      pre_skip_frames_(format.pre_skip_frames),
      left_to_drop_(format.frames_to_drop_first()) {}

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
  if (one_stream_ != nullptr) {
    opus_decoder_ctl(one_stream_.get(), OPUS_RESET_STATE);
  } else if (streams_ != nullptr) {
    opus_multistream_decoder_ctl(streams_.get(), OPUS_RESET_STATE);
  }
}

int PacketDecoder::DecodeOpus(absl::string_view payload, float* pcm,
                              int frames) {
  const auto bytes = static_cast<opus_int32>(payload.size());
  return one_stream_ != nullptr
             ? opus_decode_float(one_stream_.get(), Bytes(payload), bytes, pcm,
                                 frames, /*decode_fec=*/0)
             : opus_multistream_decode_float(streams_.get(), Bytes(payload),
                                             bytes, pcm, frames,
                                             /*decode_fec=*/0);
}

absl::Status PacketDecoder::Decode(absl::string_view payload, int frame_count,
                                   std::vector<float>* pcm) {
  absl::StatusOr<int> decoded =
      CountFrames(codec_, rate_hz_, channels_, payload);
  if (!decoded.ok()) return decoded.status();
  pcm->resize(static_cast<size_t>(*decoded) * channels_);
  if (codec_ == MediaCodec::kOpus) {
    if (DecodeOpus(payload, pcm->data(), *decoded) != *decoded) {
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
  dropped_ = drop;
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
