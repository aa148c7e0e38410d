#include "client/cli/sound_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

v1::ChannelPosition FromFile(int position) {
  switch (position) {
    case SF_CHANNEL_MAP_LEFT:
    case SF_CHANNEL_MAP_FRONT_LEFT:
      return v1::CHANNEL_POSITION_FRONT_LEFT;
    case SF_CHANNEL_MAP_RIGHT:
    case SF_CHANNEL_MAP_FRONT_RIGHT:
      return v1::CHANNEL_POSITION_FRONT_RIGHT;
    case SF_CHANNEL_MAP_CENTER:
    case SF_CHANNEL_MAP_FRONT_CENTER:
      return v1::CHANNEL_POSITION_FRONT_CENTER;
    case SF_CHANNEL_MAP_LFE:
      return v1::CHANNEL_POSITION_LOW_FREQUENCY;
    case SF_CHANNEL_MAP_REAR_LEFT:
      return v1::CHANNEL_POSITION_REAR_LEFT;
    case SF_CHANNEL_MAP_REAR_RIGHT:
      return v1::CHANNEL_POSITION_REAR_RIGHT;
    case SF_CHANNEL_MAP_REAR_CENTER:
      return v1::CHANNEL_POSITION_REAR_CENTER;
    case SF_CHANNEL_MAP_SIDE_LEFT:
      return v1::CHANNEL_POSITION_SIDE_LEFT;
    case SF_CHANNEL_MAP_SIDE_RIGHT:
      return v1::CHANNEL_POSITION_SIDE_RIGHT;
    default:
      return v1::CHANNEL_POSITION_UNSPECIFIED;
  }
}

}  // namespace

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

ChannelPositions SoundFile::positions() const {
  if (channels() <= 2) return {};
  std::vector<int> map(static_cast<size_t>(channels()));
  const int size = static_cast<int>(map.size() * sizeof(int));
  if (sf_command(file_.get(), SFC_GET_CHANNEL_MAP_INFO, map.data(), size) ==
      SF_FALSE) {
    return WavPositions(channels());
  }
  ChannelPositions positions;
  for (int position : map) positions.push_back(FromFile(position));
  // Files of 5.1 have the ones or the others, and mean the same.
  if (channels() <= 6 && std::count(positions.begin(), positions.end(),
                                    v1::CHANNEL_POSITION_REAR_LEFT) == 0) {
    std::replace(positions.begin(), positions.end(),
                 v1::CHANNEL_POSITION_SIDE_LEFT,
                 v1::CHANNEL_POSITION_REAR_LEFT);
    std::replace(positions.begin(), positions.end(),
                 v1::CHANNEL_POSITION_SIDE_RIGHT,
                 v1::CHANNEL_POSITION_REAR_RIGHT);
  }
  return positions;
}

absl::Span<const float> SoundFile::Read(int frames) {
  buffer_.resize(static_cast<size_t>(frames) * channels());
  const sf_count_t got = sf_readf_float(file_.get(), buffer_.data(), frames);
  return absl::MakeConstSpan(buffer_).subspan(
      0, got > 0 ? static_cast<size_t>(got) * channels() : 0);
}

}  // namespace earshot
