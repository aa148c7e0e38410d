#include "server/access/config_file.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// More than 10,000 grants or tokens.
constexpr size_t kMaxBytes = 4 << 20;

}  // namespace

ConfigFile::ConfigFile(std::string role, std::string path, Take take)
    : take_(std::move(take)) {
  state_.role = std::move(role);
  state_.path = std::move(path);
}

absl::Status ConfigFile::Read(std::chrono::system_clock::time_point now) {
  read_ = seen_ = MarkNow();
  std::string text;
  absl::Status status = ReadText(&text);
  if (status.ok()) status = take_(text);
  const std::string error(status.message());
  if (status.ok()) {
    state_.load_time = now;
    spdlog::info("file read role={} path=\"{}\"", state_.role, state_.path);
  }
  state_.error = error;
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat(state_.role, " ", state_.path, ": ", error));
}

void ConfigFile::Look(std::chrono::system_clock::time_point now) {
  const Mark mark = MarkNow();
  if (mark == read_ || mark != seen_) {
    seen_ = mark;
    return;
  }
  Reload(now);
}

void ConfigFile::Reload(std::chrono::system_clock::time_point now) {
  const absl::Status status = Read(now);
  if (!status.ok()) {
    spdlog::error(
        "file refused, what was read before stays in use error=\"{}\"",
        std::string(status.message()));
  }
}

ConfigFile::Mark ConfigFile::MarkNow() const {
  struct stat now {};
  if (stat(state_.path.c_str(), &now) != 0) {
    Mark mark;
    mark.error = errno;
    return mark;
  }
  return {now.st_dev, now.st_ino, now.st_size,
          int64_t{now.st_mtim.tv_sec} * 1'000'000'000 + now.st_mtim.tv_nsec, 0};
}

absl::Status ConfigFile::ReadText(std::string* text) const {
  const auto failed = [] {
    return absl::UnavailableError(
        absl::StrCat("cannot be read: ", std::strerror(errno)));
  };
  // A pipe must not make the server wait.
  const int fd = open(state_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed();
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat about {};
  if (fstat(fd, &about) != 0) return failed();
  if (!S_ISREG(about.st_mode)) {
    return absl::InvalidArgumentError("is no regular file");
  }
  char bytes[1 << 14];
  while (true) {
    const ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) return absl::OkStatus();
    text->append(bytes, static_cast<size_t>(got));
    if (text->size() > kMaxBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("has more than ", kMaxBytes, " bytes"));
    }
  }
}

}  // namespace earshot
