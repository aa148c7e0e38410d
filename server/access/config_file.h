#ifndef EARSHOT_SERVER_ACCESS_CONFIG_FILE_H_
#define EARSHOT_SERVER_ACCESS_CONFIG_FILE_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace earshot {

// How a file stands that is read again when it changes.
struct ConfigFileState {
  std::string role;  // such as "policy"
  std::string path;
  // When what is in use was read.
  std::chrono::system_clock::time_point load_time;
  std::string error;  // why what the file holds now is not in use
};

// A file that is read again when it changes: when it was written, replaced, or
// what a link on its path leads to was, as Kubernetes does it. What is wrong is
// logged once by Look(), and what was in use stays. Not thread-safe.
class ConfigFile {
 public:
  // Takes the file's text into use, or says what is wrong with it.
  using Take = std::function<absl::Status(const std::string& text)>;

  ConfigFile(std::string role, std::string path, Take take);

  // Reads it now. An error begins with its role and its path.
  absl::Status Read(std::chrono::system_clock::time_point now);
  // Reads it if it has changed since it was read, and no more since the last
  // Look(): else it may be half written.
  void Look(std::chrono::system_clock::time_point now);
  // Reads it now; what is wrong is logged.
  void Reload(std::chrono::system_clock::time_point now);

  const ConfigFileState& state() const { return state_; }

 private:
  // By which a change is known.
  struct Mark {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    int64_t mtime_ns = 0;
    int error = 0;  // errno, if there is none

    bool operator==(const Mark&) const = default;
  };

  Mark MarkNow() const;
  absl::Status ReadText(std::string* text) const;

  const Take take_;
  ConfigFileState state_;
  Mark read_;  // when it was read last
  Mark seen_;  // at the last look
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_CONFIG_FILE_H_
