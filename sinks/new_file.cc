#include "sinks/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// Far more than recordings of one epoch that begin in the same second.
constexpr int kMostNames = 1000;

absl::Status Errno(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Create(
    const std::string& stem, const std::string& extension) {
  std::string path;
  for (int i = 1; i <= kMostNames; ++i) {
    path = i == 1 ? absl::StrCat(stem, extension)
                  : absl::StrCat(stem, "-", i, extension);
    const int fd =
        open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd >= 0) return std::make_unique<NewFile>(fd, path);
    if (errno != EEXIST) break;
  }
  return Errno("cannot create " + path);
}

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Replace(
    const std::string& path) {
  const int fd =
      open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd >= 0) return std::make_unique<NewFile>(fd, path);
  return Errno("cannot create " + path);
}

NewFile::~NewFile() { close(fd_); }

absl::Status NewFile::Append(absl::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written =
        write(fd_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const absl::Status status = Errno("cannot write");
      // What was complete stays so, unless this fails too.
      (void)!ftruncate(fd_, bytes_);
      return status;
    }
    done += static_cast<size_t>(written);
  }
  bytes_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

}  // namespace earshot
