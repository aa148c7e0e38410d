#ifndef EARSHOT_CLIENT_CLI_LISTEN_FILE_OUTPUT_H_
#define EARSHOT_CLIENT_CLI_LISTEN_FILE_OUTPUT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/listen/listen_events.h"
#include "codec/track_writer.h"
#include "sinks/new_file.h"
#include "sinks/pcm_file.h"

namespace earshot {

// Writes a stream to a file, exactly as it is played: Ogg Opus without coding
// it again, or WAV or FLAC. Epochs follow each other in it. What was not heard
// (the call was broken) is left out.
class FileOutput : public ListenOutput {
 public:
  enum class Format { kOpus, kWav, kFlac };

  // By its name: opus, wav or flac; without one by how the file's name ends,
  // and "-" is Ogg Opus. INVALID_ARGUMENT says what is allowed.
  static absl::StatusOr<Format> FormatOf(const std::string& path,
                                         const std::string& format = "");
  // Creates the file, or empties it; "-" is standard output. `name`: the
  // stream's.
  static absl::StatusOr<std::unique_ptr<FileOutput>> Create(
      const std::string& path, Format format, const std::string& name);

  absl::Status OnEpoch(const HeardEpoch& epoch, MonotonicTime now) override;
  absl::Status OnPacket(const v1::DuePacket& packet, bool in_time,
                        MonotonicTime now) override;
  absl::Status OnPassedOver(const v1::PassedOver& over) override;
  absl::Status OnEpochEnded(const v1::EpochEnded& ended) override;
  absl::Status OnCut() override;
  absl::Status OnTick(MonotonicTime now) override;
  absl::Status Finish() override;
  std::string Progress() override;
  void Report(ListenReport* report) const override;

 private:
  FileOutput(std::shared_ptr<NewFile> file, std::unique_ptr<NewFile> pcm_file,
             Format format, std::string path, std::string name);

  absl::Status BeginTrack(int64_t first_frame);
  absl::Status BeginPcm();
  absl::Status EndTrack(std::optional<int64_t> end_frame);
  // Whether a gap up to there may be silence that was heard.
  absl::Status CheckGap(int64_t frame, MonotonicTime now);
  TrackTags Tags() const;
  double Seconds() const;

  const std::shared_ptr<NewFile> ogg_;  // null: the format is another
  std::unique_ptr<NewFile> pcm_file_;   // until its header is known
  const Format format_;
  const std::string path_;
  const std::string name_;
  uint32_t serial_;

  std::optional<HeardEpoch> epoch_;
  std::vector<v1::DuePacket> early_;  // bring the decoder to its state
  std::shared_ptr<PcmFile> pcm_;
  CodedFormat pcm_format_;
  std::unique_ptr<TrackWriter> track_;
  int64_t track_begin_ = 0;
  MonotonicTime last_event_;
  MonotonicTime next_flush_;
  double seconds_ = 0;  // of the tracks before
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_FILE_OUTPUT_H_
