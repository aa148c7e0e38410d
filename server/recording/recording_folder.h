#ifndef EARSHOT_SERVER_RECORDING_RECORDING_FOLDER_H_
#define EARSHOT_SERVER_RECORDING_RECORDING_FOLDER_H_

#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/recording/record_options.h"

namespace earshot {

// The folder of the recordings, and what its disk bears.
// Thread: none of its own; waits for the disk.
class RecordingFolder {
 public:
  explicit RecordingFolder(RecordOptions options)
      : options_(std::move(options)) {}

  // Creates it, if it is not there; in words for a person why it cannot be.
  absl::Status Prepare() const;
  // An error, in words, if the disk has less left than it is to have.
  absl::Status CheckSpace() const;
  // Deletes the oldest recordings of too many, and those that are too old;
  // never one of `in_use`, and nothing but recordings. Says how many.
  int DeleteOld(const std::set<std::string>& in_use,
                std::filesystem::file_time_type now) const;

  const RecordOptions& options() const { return options_; }

 private:
  const RecordOptions options_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_RECORDING_RECORDING_FOLDER_H_
