#include "client/cli/sound_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<SoundFile>> SoundFile::Open(
    const std::string& path, int raw_rate_hz, int raw_channels) {
  SF_INFO info = {};
  if (raw_rate_hz != 0) {
    info.samplerate = raw_rate_hz;
    info.channels = raw_channels;
    info.format = SF_FORMAT_RAW | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE;
  }
  SNDFILE* file = path == "-"
                      ? sf_open_fd(STDIN_FILENO, SFM_READ, &info, SF_FALSE)
                      : sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) {
    const bool of_system = sf_error(nullptr) == SF_ERR_SYSTEM;
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": ", of_system ? std::strerror(errno) : sf_strerror(nullptr)));
  }
  return std::unique_ptr<SoundFile>(new SoundFile(file, info));
}

SoundFile::SoundFile(SNDFILE* file, const SF_INFO& info)
    : file_(file),
      info_(info),
      // A header that was written to a pipe promises what it cannot know.
      frames_(info.seekable != 0 ? info.frames : 0) {}

absl::Span<const float> SoundFile::Read(int frames) {
  buffer_.resize(static_cast<size_t>(frames) * channels());
  const sf_count_t got = sf_readf_float(file_.get(), buffer_.data(), frames);
  return absl::MakeConstSpan(buffer_).subspan(
      0, got > 0 ? static_cast<size_t>(got) * channels() : 0);
}

}  // namespace earshot
