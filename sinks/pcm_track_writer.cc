#include "sinks/pcm_track_writer.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "codec/opus_layout.h"
#include "sinks/sample_format.h"
#include "sinks/wav_channels.h"

namespace earshot {
namespace {

// Silence is written in pieces of so many frames.
constexpr int64_t kSilentFrames = 4800;

}  // namespace

ChannelLayout TrackLayout(const CodedFormat& format) {
  if (format.codec == MediaCodec::kOpus && format.positions.empty()) {
    return OpusLayoutOf(format.channels).positions;
  }
  return LayoutOf(format.channels, format.positions);
}

absl::StatusOr<std::unique_ptr<PcmTrackWriter>> PcmTrackWriter::Create(
    const CodedFormat& format, int64_t first_frame,
    std::shared_ptr<PcmFile> file) {
  CodedFormat all = format;  // packets say what is dropped
  all.pre_skip_frames = 0;
  all.pre_roll_frames = 0;
  auto decoder = PacketDecoder::Create(all);
  if (!decoder.ok()) return decoder.status();
  return std::unique_ptr<PcmTrackWriter>(new PcmTrackWriter(
      format, first_frame, *std::move(decoder), std::move(file)));
}

PcmTrackWriter::PcmTrackWriter(const CodedFormat& format, int64_t first_frame,
                               std::unique_ptr<PacketDecoder> decoder,
                               std::shared_ptr<PcmFile> file)
    : TrackWriter(first_frame),
      rate_hz_(format.rate_hz),
      order_(WavChannelsOf(TrackLayout(format)).order),
      decoder_(std::move(decoder)),
      file_(std::move(file)) {}

absl::Status PcmTrackWriter::WritePacket(const TrackPacket& packet) {
  if (packet.restart) decoder_->Restart();
  const int64_t frames = packet.drop_frames + packet.frame_count;
  if (frames > INT_MAX ||
      !decoder_->Decode(packet.payload, static_cast<int>(frames), &pcm_).ok()) {
    // As the play-out does: silence keeps positions exact.
    return WriteSilence(packet.frame_count);
  }
  const size_t drop = static_cast<size_t>(packet.drop_frames) * order_.size();
  samples_.resize(pcm_.size() - drop);
  size_t to = 0;
  for (size_t frame = drop; frame < pcm_.size(); frame += order_.size()) {
    for (const size_t from : order_) samples_[to++] = ToS16(pcm_[frame + from]);
  }
  const absl::Status status = file_->Append(samples_);
  return status.ok() ? Wrote(packet.frame_count) : status;
}

absl::Status PcmTrackWriter::WriteSilence(int64_t frames) {
  while (frames > 0) {
    const int64_t piece = std::min(frames, kSilentFrames);
    samples_.assign(static_cast<size_t>(piece) * order_.size(), 0);
    absl::Status status = file_->Append(samples_);
    if (status.ok()) status = Wrote(piece);
    if (!status.ok()) return status;
    frames -= piece;
  }
  return absl::OkStatus();
}

// Once a second the header is brought up to date, so that a crash costs little.
absl::Status PcmTrackWriter::Wrote(int64_t frames) {
  frames_beyond_header_ += frames;
  if (frames_beyond_header_ < rate_hz_) return absl::OkStatus();
  frames_beyond_header_ = 0;
  return file_->UpdateHeader();
}

absl::Status PcmTrackWriter::Finish() { return file_->UpdateHeader(); }

}  // namespace earshot
