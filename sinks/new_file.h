#ifndef EARSHOT_SINKS_NEW_FILE_H_
#define EARSHOT_SINKS_NEW_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace earshot {

// A file that is being written, from its start. Thread: one at a time.
class NewFile {
 public:
  // Creates `stem``extension`, or `stem`-2`extension` and so on: never
  // overwrites.
  static absl::StatusOr<std::unique_ptr<NewFile>> Create(
      const std::string& stem, const std::string& extension);
  // Creates the file, or empties it.
  static absl::StatusOr<std::unique_ptr<NewFile>> Replace(
      const std::string& path);
  // Takes over the descriptor.
  NewFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~NewFile();

  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // All bytes, or, if the file can be cut, none.
  absl::Status Append(absl::string_view bytes);

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  // Of Append().
  int64_t bytes() const { return bytes_; }

 private:
  const int fd_;
  const std::string path_;
  int64_t bytes_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_NEW_FILE_H_
