#ifndef EARSHOT_SERVER_RECORDING_RECORDING_FILE_H_
#define EARSHOT_SERVER_RECORDING_RECORDING_FILE_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "codec/track_writer.h"
#include "server/listen/played.h"
#include "server/recording/recording_folder.h"
#include "server/stream_types.h"

namespace earshot {

// What is to be recorded: an epoch.
struct RecordingRequest {
  std::string name;    // vms/{vm}/streams/{id}
  std::string vm;      // of the name, checked
  std::string stream;  // likewise: a number
  EpochParams params;
  std::chrono::system_clock::time_point time;  // when it began
};

// The file of one epoch: created with its first sound, so an epoch without any
// leaves none. Opus packets stay as they are, or become FLAC, if that was
// asked for; PCM always becomes FLAC.
// Thread: one at a time; waits for the disk.
class RecordingFile {
 public:
  // `folder` outlives it.
  RecordingFile(const RecordingFolder* folder, RecordingRequest request)
      : folder_(folder), request_(std::move(request)) {}

  absl::Status Add(const Played& played);
  // The epoch ends here, if it did not say so: the file is complete.
  absl::Status Close();
  // Whether it can go on: the disk has room, and nobody removed the file.
  absl::Status Check() const;

  const RecordingRequest& request() const { return request_; }
  // Empty: there is none yet.
  const std::string& path() const { return path_; }

 private:
  absl::Status Open();
  absl::Status End(int64_t end_frame);
  TrackTags Tags() const;

  const RecordingFolder* const folder_;
  const RecordingRequest request_;
  std::string path_;
  bool ended_ = false;
  std::unique_ptr<TrackWriter> writer_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_RECORDING_RECORDING_FILE_H_
