#include "sinks/flac_file.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<FlacFile>> FlacFile::Create(
    std::unique_ptr<NewFile> file, int rate_hz, int channels,
    const TrackTags& tags) {
  SF_INFO info = {};
  info.samplerate = rate_hz;
  info.channels = channels;
  info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  SNDFILE* sound =
      sf_open_fd(file->fd(), SFM_WRITE, &info, /*close_desc=*/SF_FALSE);
  if (sound == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("no FLAC file: ", sf_strerror(nullptr)));
  }
  std::vector<std::string> comments;
  for (const auto& [name, value] : tags) {
    if (name == "TITLE") {
      sf_set_string(sound, SF_STR_TITLE, value.c_str());
    } else if (name == "DATE") {
      sf_set_string(sound, SF_STR_DATE, value.c_str());
    } else {
      comments.push_back(absl::StrCat(name, "=", value));
    }
  }
  sf_set_string(sound, SF_STR_COMMENT, absl::StrJoin(comments, " ").c_str());
  return std::unique_ptr<FlacFile>(new FlacFile(std::move(file), sound));
}

absl::Status FlacFile::Append(absl::Span<const int16_t> samples) {
  const auto size = static_cast<sf_count_t>(samples.size());
  errno = 0;
  if (sf_write_short(sound_.get(), samples.data(), size) == size &&
      sf_error(sound_.get()) == SF_ERR_NO_ERROR) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("cannot write: ", errno != 0 ? std::strerror(errno)
                                                : sf_strerror(sound_.get())));
}

}  // namespace earshot
