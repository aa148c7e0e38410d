#include "server/recording/recording_file.h"

#include <filesystem>
#include <random>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "codec/ogg_opus_writer.h"
#include "sinks/flac_file.h"
#include "sinks/new_file.h"
#include "sinks/pcm_track_writer.h"
#include "sinks/recording_name.h"

namespace earshot {

absl::Status RecordingFile::Add(const Played& played) {
  switch (played.kind) {
    case Played::Kind::kPacket: {
      if (absl::Status s = Open(); !s.ok()) return s;
      return writer_->Packet({played.first_frame, played.frame_count,
                              played.drop_frames, played.restart,
                              played.payload});
    }
    case Played::Kind::kSkip:
      if (absl::Status s = Open(); !s.ok()) return s;
      return writer_->Skip(played.first_frame, played.frame_count);
    case Played::Kind::kEnd:
      return End(played.first_frame);
    case Played::Kind::kEpoch:
    case Played::Kind::kSilence:  // what comes next says how long it was
    case Played::Kind::kStandstill:
      break;
  }
  return absl::OkStatus();
}

absl::Status RecordingFile::Close() {
  if (ended_ || writer_ == nullptr) return absl::OkStatus();
  return End(writer_->position());
}

absl::Status RecordingFile::Check() const {
  std::error_code error;
  if (!path_.empty() && !std::filesystem::exists(path_, error)) {
    return absl::UnavailableError(absl::StrCat(path_, " was removed"));
  }
  return folder_->CheckSpace();
}

absl::Status RecordingFile::End(int64_t end_frame) {
  if (ended_) return absl::OkStatus();
  if (writer_ == nullptr && end_frame == request_.params.first_frame) {
    return absl::OkStatus();
  }
  if (absl::Status s = Open(); !s.ok()) return s;
  ended_ = true;
  const absl::Status status = writer_->End(end_frame);
  writer_.reset();
  // Something was passed over, and nothing else.
  std::error_code error;
  if (std::filesystem::file_size(path_, error) == 0 && !error) {
    std::filesystem::remove(path_, error);
    path_.clear();
  }
  return status;
}

absl::Status RecordingFile::Open() {
  if (writer_ != nullptr) return absl::OkStatus();
  if (absl::Status s = folder_->CheckSpace(); !s.ok()) return s;
  const EpochParams& params = request_.params;
  const bool opus = params.codec == MediaCodec::kOpus &&
                    folder_->options().format == RecordFormat::kOpus;
  const std::filesystem::path stem =
      std::filesystem::path(folder_->options().folder) /
      RecordingStem(request_.vm, request_.stream, request_.time, params.epoch);
  auto file = NewFile::Create(stem.string(), opus ? ".opus" : ".flac");
  if (!file.ok()) return file.status();
  path_ = (*file)->path();
  if (opus) {
    std::shared_ptr<NewFile> ogg = *std::move(file);
    auto writer = OggOpusWriter::Create(
        params, params.first_frame, Tags(), std::random_device()(),
        [ogg](absl::string_view bytes) { return ogg->Append(bytes); });
    if (!writer.ok()) return writer.status();
    writer_ = *std::move(writer);
    return absl::OkStatus();
  }
  auto flac = FlacFile::Create(*std::move(file), params.rate_hz,
                               params.channels, Tags());
  if (!flac.ok()) return flac.status();
  auto writer =
      PcmTrackWriter::Create(params, params.first_frame, *std::move(flac));
  if (!writer.ok()) return writer.status();
  writer_ = *std::move(writer);
  return absl::OkStatus();
}

TrackTags RecordingFile::Tags() const {
  return {{"TITLE", absl::StrCat(request_.vm, " ", UtcDate(request_.time))},
          {"DATE", UtcDate(request_.time)},
          {"VM", request_.vm},
          {"STREAM", request_.name},
          {"EPOCH", absl::StrCat(request_.params.epoch)},
          {"FIRST_FRAME", absl::StrCat(request_.params.first_frame)}};
}

}  // namespace earshot
