#include "client/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"

namespace earshot {
namespace {

constexpr size_t kMostBytes = 1 << 20;

absl::Status Failed(int error) {
  return absl::InvalidArgumentError(std::strerror(error));
}

absl::StatusOr<std::string> Read(int file) {
  struct stat info = {};
  if (fstat(file, &info) != 0) return Failed(errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError("is no regular file");
  }
  std::string text;
  char bytes[4096];
  while (true) {
    const ssize_t size = read(file, bytes, sizeof(bytes));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Failed(errno);
    if (size == 0) return text;
    text.append(bytes, static_cast<size_t>(size));
    if (text.size() > kMostBytes) {
      return absl::InvalidArgumentError("has more than 1 MiB");
    }
  }
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  // A pipe would make its reader wait.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return Failed(errno);
  absl::StatusOr<std::string> text = Read(file);
  close(file);
  return text;
}

}  // namespace earshot
