#include "server/recording/recording_folder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sinks/recording_name.h"

namespace earshot {
namespace {

namespace fs = std::filesystem;

struct Found {
  fs::path path;
  fs::file_time_type written;
  int64_t bytes = 0;
};

// Oldest first.
std::vector<Found> Recordings(const fs::path& folder) {
  std::vector<Found> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;  // meanwhile: then it is not counted
    if (!IsRecordingName(entry->path().filename().string()) ||
        !entry->is_regular_file(gone) || entry->is_symlink(gone)) {
      continue;
    }
    const auto bytes = entry->file_size(gone);
    if (gone) continue;
    const auto written = entry->last_write_time(gone);
    if (gone) continue;
    found.push_back({entry->path(), written, static_cast<int64_t>(bytes)});
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tie(a.written, a.path) < std::tie(b.written, b.path);
  });
  return found;
}

}  // namespace

absl::Status RecordingFolder::Prepare() const {
  std::error_code error;
  fs::create_directories(options_.folder, error);
  std::error_code ignored;  // is_directory() says no, and create said why
  if (fs::is_directory(options_.folder, ignored)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("no folder ", options_.folder,
                   error ? ": " + error.message() : std::string()));
}

absl::Status RecordingFolder::CheckSpace() const {
  std::error_code error;
  const fs::space_info space = fs::space(options_.folder, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat(options_.folder, ": ", error.message()));
  }
  const auto wanted =
      std::max(options_.min_free.bytes,
               static_cast<int64_t>(options_.min_free.fraction *
                                    static_cast<double>(space.capacity)));
  const auto free = static_cast<int64_t>(space.available);
  if (free >= wanted) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the disk has ", SizeText(free), " left, and is to keep ",
                   SizeText(wanted)));
}

int RecordingFolder::DeleteOld(const std::set<std::string>& in_use,
                               fs::file_time_type now) const {
  if (!options_.max_bytes.has_value() && !options_.max_age.has_value()) {
    return 0;
  }
  const std::vector<Found> found = Recordings(options_.folder);
  int64_t bytes = 0;
  for (const Found& one : found) bytes += one.bytes;
  int deleted = 0;
  for (const Found& one : found) {
    const bool too_old =
        options_.max_age.has_value() && now - one.written > *options_.max_age;
    const bool too_many =
        options_.max_bytes.has_value() && bytes > *options_.max_bytes;
    if (!too_old && !too_many) break;
    std::error_code error;
    if (in_use.count(one.path.string()) > 0) continue;
    if (!fs::remove(one.path, error) || error) continue;
    bytes -= one.bytes;
    ++deleted;
    spdlog::info("recording deleted file={} bytes={} reason={}",
                 one.path.string(), one.bytes, too_old ? "age" : "size");
  }
  return deleted;
}

}  // namespace earshot
