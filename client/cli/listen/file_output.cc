#include "client/cli/listen/file_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <random>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "codec/ogg_opus_writer.h"
#include "sinks/endless_wav.h"
#include "sinks/flac_file.h"
#include "sinks/pcm_track_writer.h"
#include "sinks/wav_file.h"

namespace earshot {
namespace {

constexpr std::chrono::seconds kFlushInterval{1};
// What silence may last beyond the time that has passed: the call's delays.
constexpr int64_t kSlackSeconds = 10;
// The serial numbers that one epoch's logical streams may take.
constexpr uint32_t kSerials = 1 << 16;

}  // namespace

absl::StatusOr<FileOutput::Format> FileOutput::FormatOf(
    const std::string& path, const std::string& format) {
  std::string name = format;
  if (name.empty() && path == "-") name = "opus";
  if (name.empty()) {
    const size_t dot = path.rfind('.');
    if (dot != path.npos) name = absl::AsciiStrToLower(path.substr(dot + 1));
  }
  if (name == "opus") return Format::kOpus;
  if (name == "wav") return Format::kWav;
  if (name != "flac") {
    return absl::InvalidArgumentError(
        format.empty()
            ? absl::StrCat("--output=", path,
                           ": must end in .opus, .wav or .flac, or be - for "
                           "Ogg Opus, if there is no --format")
            : absl::StrCat("--format=", format,
                           ": allowed are opus, wav and flac"));
  }
  if (path == "-") {
    return absl::InvalidArgumentError(
        "--format=flac: goes to a file alone; allowed for --output=- are opus "
        "and wav");
  }
  return Format::kFlac;
}

absl::StatusOr<std::unique_ptr<FileOutput>> FileOutput::Create(
    const std::string& path, Format format, const std::string& name) {
  absl::StatusOr<std::unique_ptr<NewFile>> file =
      path == "-" ? std::make_unique<NewFile>(
                        fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0), path)
                  : NewFile::Replace(path);
  if (!file.ok()) return file.status();
  std::shared_ptr<NewFile> ogg;
  if (format == Format::kOpus) ogg = *std::move(file);
  return std::unique_ptr<FileOutput>(new FileOutput(
      ogg, ogg != nullptr ? nullptr : *std::move(file), format, path, name));
}

FileOutput::FileOutput(std::shared_ptr<NewFile> ogg,
                       std::unique_ptr<NewFile> pcm_file, Format format,
                       std::string path, std::string name)
    : ogg_(std::move(ogg)),
      pcm_file_(std::move(pcm_file)),
      format_(format),
      path_(std::move(path)),
      name_(std::move(name)),
      serial_(std::random_device()()) {}

absl::Status FileOutput::OnEpoch(const HeardEpoch& epoch, MonotonicTime) {
  if (absl::Status s = EndTrack(std::nullopt); !s.ok()) return s;
  if (ogg_ != nullptr && epoch.format.codec != MediaCodec::kOpus) {
    return absl::FailedPreconditionError(
        "the stream is PCM, which Ogg Opus does not hold: --output=FILE.flac "
        "or FILE.wav, or --format=wav");
  }
  epoch_ = epoch;
  return absl::OkStatus();
}

absl::Status FileOutput::OnPacket(const v1::DuePacket& packet, bool in_time,
                                  MonotonicTime now) {
  if (track_ == nullptr && !in_time) {
    early_.push_back(packet);
    return absl::OkStatus();
  }
  if (track_ == nullptr) {
    if (absl::Status s = BeginTrack(packet.first_frame()); !s.ok()) return s;
  }
  if (absl::Status s = CheckGap(packet.first_frame(), now); !s.ok()) return s;
  return track_->Packet({packet.first_frame(), packet.frame_count(),
                         packet.drop_frames(), packet.restart(),
                         packet.payload()});
}

absl::Status FileOutput::OnPassedOver(const v1::PassedOver& over) {
  if (track_ == nullptr) return absl::OkStatus();
  if (absl::Status s =
          CheckGap(over.first_frame(), std::chrono::steady_clock::now());
      !s.ok()) {
    return s;
  }
  track_begin_ += over.frame_count();  // what is left is what was heard
  return track_->Skip(over.first_frame(), over.frame_count());
}

absl::Status FileOutput::OnEpochEnded(const v1::EpochEnded& ended) {
  if (track_ != nullptr) {
    const absl::Status status =
        CheckGap(ended.end_frame(), std::chrono::steady_clock::now());
    if (!status.ok()) return status;
  }
  return EndTrack(ended.end_frame());
}

absl::Status FileOutput::OnCut() { return EndTrack(std::nullopt); }

absl::Status FileOutput::OnTick(MonotonicTime now) {
  if (track_ == nullptr || now < next_flush_) return absl::OkStatus();
  next_flush_ = now + kFlushInterval;
  return track_->Flush();
}

absl::Status FileOutput::Finish() {
  const absl::Status status = EndTrack(std::nullopt);
  pcm_.reset();
  return status;
}

absl::Status FileOutput::BeginTrack(int64_t first_frame) {
  CodedFormat format = epoch_->format;
  track_begin_ = first_frame;
  last_event_ = std::chrono::steady_clock::now();
  if (ogg_ != nullptr) {
    auto writer = OggOpusWriter::Create(
        format, first_frame, Tags(), serial_,
        [ogg = ogg_](absl::string_view bytes) { return ogg->Append(bytes); });
    if (!writer.ok()) return writer.status();
    serial_ += kSerials;
    track_ = *std::move(writer);
  } else {
    if (absl::Status s = BeginPcm(); !s.ok()) return s;
    auto writer = PcmTrackWriter::Create(format, first_frame, pcm_);
    if (!writer.ok()) return writer.status();
    track_ = *std::move(writer);
  }
  // Nothing of them is heard.
  for (const v1::DuePacket& packet : early_) {
    const absl::Status status = track_->Packet(
        {first_frame, 0, packet.drop_frames() + packet.frame_count(),
         packet.restart(), packet.payload()});
    if (!status.ok()) return status;
  }
  early_.clear();
  return absl::OkStatus();
}

absl::Status FileOutput::BeginPcm() {
  const CodedFormat& format = epoch_->format;
  const ChannelLayout layout = TrackLayout(format);
  if (pcm_ != nullptr) {
    if (format.rate_hz == pcm_format_.rate_hz &&
        layout == TrackLayout(pcm_format_)) {
      return absl::OkStatus();
    }
    return absl::FailedPreconditionError(absl::StrCat(
        "the stream goes on with ", format.channels, " channels at ",
        format.rate_hz, " Hz, which ", path_, " cannot hold beside the rest"));
  }
  pcm_format_ = format;
  if (path_ == "-") {
    auto wav = EndlessWav::Begin(std::move(pcm_file_), format.rate_hz, layout);
    if (!wav.ok()) return wav.status();
    pcm_ = *std::move(wav);
    return absl::OkStatus();
  }
  if (format_ == Format::kWav) {
    auto wav = WavFile::Begin(std::move(pcm_file_), format.rate_hz, layout);
    if (!wav.ok()) return wav.status();
    pcm_ = *std::move(wav);
    return absl::OkStatus();
  }
  auto flac = FlacFile::Create(std::move(pcm_file_), format.rate_hz,
                               format.channels, Tags());
  if (!flac.ok()) return flac.status();
  pcm_ = *std::move(flac);
  return absl::OkStatus();
}

absl::Status FileOutput::EndTrack(std::optional<int64_t> end_frame) {
  early_.clear();
  if (track_ == nullptr) return absl::OkStatus();
  const absl::Status status =
      track_->End(end_frame.value_or(track_->position()));
  seconds_ += static_cast<double>(track_->position() - track_begin_) /
              epoch_->format.rate_hz;
  track_.reset();
  return status;
}

absl::Status FileOutput::CheckGap(int64_t frame, MonotonicTime now) {
  const auto passed =
      std::chrono::duration_cast<std::chrono::seconds>(now - last_event_);
  last_event_ = now;
  if (frame - track_->position() <=
      (passed.count() + kSlackSeconds) * epoch_->format.rate_hz) {
    return absl::OkStatus();
  }
  return absl::InternalError(
      "the service says what makes no sense: more silence than time");
}

TrackTags FileOutput::Tags() const {
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  return {{"TITLE", absl::StrCat(name_, " ", time)},
          {"DATE", time},
          {"STREAM", name_},
          {"EPOCH", absl::StrCat(epoch_->epoch)},
          {"FIRST_FRAME", absl::StrCat(track_begin_)}};
}

double FileOutput::Seconds() const {
  if (track_ == nullptr) return seconds_;
  return seconds_ + static_cast<double>(track_->position() - track_begin_) /
                        epoch_->format.rate_hz;
}

std::string FileOutput::Progress() {
  return absl::StrFormat("%.1f s written to %s", Seconds(), path_);
}

void FileOutput::Report(ListenReport* report) const {
  report->output = path_;
  report->seconds = Seconds();
  report->summary =
      absl::StrFormat("%.1f s written to %s", report->seconds, path_);
}

}  // namespace earshot
