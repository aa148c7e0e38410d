#include "codec/ogg_opus_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "codec/opus_framing.h"

namespace earshot {
namespace {

constexpr int kGranuleHz = 48000;  // RFC 7845, 4
// The largest pre-skip that a header can say.
constexpr int64_t kMostPreSkip = 0xffff;

// Silent packets, longest first: samples, and the configuration of fullband
// CELT (RFC 6716, table 2).
struct SilentKind {
  int64_t samples;
  int config;
};
constexpr SilentKind kSilentKinds[] = {
    {960, 31}, {480, 30}, {240, 29}, {120, 28}};
constexpr int64_t kShortest = 120;
// The first bits of such a frame, decoded, say that it is silent (RFC 6716,
// 4.3, table 56).
constexpr absl::string_view kSilentFrame("\xff\xfe", 2);

void Put(std::string* packet, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    packet->push_back(static_cast<char>(value >> (8 * i) & 0xff));
  }
}

void PutText(std::string* packet, absl::string_view text) {
  Put(packet, text.size(), 4);
  packet->append(text.data(), text.size());
}

// RFC 7845, 5.1.
std::string HeadPacket(int channels, const OpusLayout& layout, int rate_hz,
                       int64_t pre_skip) {
  std::string packet = "OpusHead";
  Put(&packet, 1, 1);
  Put(&packet, static_cast<uint64_t>(channels), 1);
  Put(&packet, static_cast<uint64_t>(pre_skip), 2);
  Put(&packet, static_cast<uint64_t>(rate_hz), 4);
  Put(&packet, 0, 2);  // gain
  Put(&packet, channels > 2 ? 1 : 0, 1);
  if (channels <= 2) return packet;
  Put(&packet, static_cast<uint64_t>(layout.streams), 1);
  Put(&packet, static_cast<uint64_t>(layout.coupled_streams), 1);
  for (int i = 0; i < channels; ++i) {
    Put(&packet, layout.mapping[static_cast<size_t>(i)], 1);
  }
  return packet;
}

// RFC 7845, 5.2.
std::string TagsPacket(const TrackTags& tags) {
  std::string packet = "OpusTags";
  PutText(&packet, "Earshot");
  Put(&packet, tags.size(), 4);
  for (const auto& [name, value] : tags) {
    PutText(&packet, absl::StrCat(name, "=", value));
  }
  return packet;
}

}  // namespace

absl::StatusOr<std::unique_ptr<OggOpusWriter>> OggOpusWriter::Create(
    const CodedFormat& format, int64_t first_frame, const TrackTags& tags,
    uint32_t serial, Write write) {
  if (format.codec != MediaCodec::kOpus || format.rate_hz < kMinRateHz ||
      kGranuleHz % format.rate_hz != 0 || format.channels < 1 ||
      format.channels > kMaxChannels) {
    return absl::InvalidArgumentError("Ogg Opus holds nothing but Opus");
  }
  return std::unique_ptr<OggOpusWriter>(
      new OggOpusWriter(format, first_frame, tags, serial, std::move(write)));
}

OggOpusWriter::OggOpusWriter(const CodedFormat& format, int64_t first_frame,
                             const TrackTags& tags, uint32_t serial,
                             Write write)
    : TrackWriter(first_frame),
      rate_hz_(format.rate_hz),
      channels_(format.channels),
      samples_per_frame_(kGranuleHz / format.rate_hz),
      layout_(OpusLayoutOf(format.channels)),
      tags_packet_(TagsPacket(tags)),
      write_(std::move(write)),
      next_serial_(serial) {}

OggOpusWriter::~OggOpusWriter() = default;

absl::Status OggOpusWriter::Flush() {
  return link_ != nullptr ? link_->Flush() : absl::OkStatus();
}

absl::Status OggOpusWriter::WritePacket(const TrackPacket& packet) {
  Piece piece;
  piece.drop = packet.drop_frames * samples_per_frame_;
  piece.heard = packet.frame_count * samples_per_frame_;
  const auto samples =
      CountOpusFrames(packet.payload, layout_.streams, kGranuleHz);
  if (!samples.ok() || *samples < piece.drop + piece.heard) {
    // As the play-out does: silence keeps positions exact.
    return packet.frame_count > 0 ? WriteSilence(packet.frame_count)
                                  : absl::OkStatus();
  }
  piece.tail = *samples - piece.drop - piece.heard;
  piece.payload = std::string(packet.payload);
  return Add(std::move(piece), packet.restart);
}

absl::Status OggOpusWriter::WriteSilence(int64_t frames) {
  const int64_t samples = frames * samples_per_frame_;
  const int64_t whole = samples / kShortest * kShortest;
  if (absl::Status s = AddSilence(whole, 0); !s.ok()) return s;
  if (samples == whole) return absl::OkStatus();
  // No packet is so short: another logical stream begins with a part of one.
  return AddSilence(kShortest, kShortest - (samples - whole));
}

absl::Status OggOpusWriter::AddSilence(int64_t samples, int64_t drop) {
  for (const SilentKind& kind : kSilentKinds) {
    for (; samples >= kind.samples; samples -= kind.samples) {
      Piece piece{SilentPacket(kind.samples), drop, kind.samples - drop, 0};
      if (absl::Status s = Add(std::move(piece), false); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

// One frame for each Opus stream; all but the last say how long they are
// (RFC 6716, appendix B).
std::string OggOpusWriter::SilentPacket(int64_t samples) const {
  int config = 0;
  for (const SilentKind& kind : kSilentKinds) {
    if (kind.samples == samples) config = kind.config;
  }
  std::string packet;
  for (int stream = 0; stream < layout_.streams; ++stream) {
    const bool stereo = stream < layout_.coupled_streams;
    Put(&packet, static_cast<uint64_t>(config << 3 | (stereo ? 4 : 0)), 1);
    if (stream + 1 < layout_.streams) Put(&packet, kSilentFrame.size(), 1);
    packet.append(kSilentFrame.data(), kSilentFrame.size());
  }
  return packet;
}

absl::Status OggOpusWriter::Add(Piece piece, bool restart) {
  const bool anew = restart || piece.drop > 0 || link_tail_ > 0;
  if (link_ != nullptr && !anew) return ToLink(std::move(piece));
  if (absl::Status s = EndLink(); !s.ok()) return s;
  if (restart) unheard_.clear();
  const bool heard = piece.heard > 0;
  if (!heard) piece.drop += std::exchange(piece.tail, 0);
  unheard_.push_back(std::move(piece));
  return heard ? BeginLink() : absl::OkStatus();
}

absl::Status OggOpusWriter::BeginLink() {
  int64_t pre_skip = 0;
  for (const Piece& piece : unheard_) pre_skip += piece.drop;
  auto first = unheard_.begin();
  for (; pre_skip > kMostPreSkip; ++first) pre_skip -= first->drop;
  link_ = std::make_unique<OggLink>(next_serial_++, &write_);
  link_end_ = 0;
  absl::Status status = link_->Headers(
      HeadPacket(channels_, layout_, rate_hz_, pre_skip), tags_packet_);
  for (; status.ok() && first != unheard_.end(); ++first) {
    status = ToLink(std::move(*first));
  }
  unheard_.clear();
  return status;
}

absl::Status OggOpusWriter::ToLink(Piece piece) {
  link_end_ += piece.drop + piece.heard + piece.tail;
  link_tail_ = piece.tail;
  return link_->Packet(std::move(piece.payload), link_end_);
}

absl::Status OggOpusWriter::EndLink() {
  if (link_ == nullptr) return absl::OkStatus();
  const absl::Status status = link_->End(std::exchange(link_tail_, 0));
  link_.reset();
  return status;
}

absl::Status OggOpusWriter::Finish() { return EndLink(); }

}  // namespace earshot
