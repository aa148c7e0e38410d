#ifndef EARSHOT_SINKS_FLAC_FILE_H_
#define EARSHOT_SINKS_FLAC_FILE_H_

#include <sndfile.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "codec/track_writer.h"
#include "sinks/new_file.h"
#include "sinks/pcm_file.h"

namespace earshot {

// A 16-bit FLAC file that is being written. One that was never finished can be
// read, but does not say how long it is. Thread: one at a time.
class FlacFile : public PcmFile {
 public:
  // Of the tags TITLE and DATE are what they are; the others are in COMMENT.
  static absl::StatusOr<std::unique_ptr<FlacFile>> Create(
      std::unique_ptr<NewFile> file, int rate_hz, int channels,
      const TrackTags& tags);

  absl::Status Append(absl::Span<const int16_t> samples) override;
  absl::Status UpdateHeader() override { return absl::OkStatus(); }

 private:
  struct Close {
    void operator()(SNDFILE* sound) const { sf_close(sound); }
  };
  FlacFile(std::unique_ptr<NewFile> file, SNDFILE* sound)
      : file_(std::move(file)), sound_(sound) {}

  const std::unique_ptr<NewFile> file_;
  const std::unique_ptr<SNDFILE, Close> sound_;  // goes first: writes to file_
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_FLAC_FILE_H_
