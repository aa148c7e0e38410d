#include "server/sinks/wav_sink.h"

#include <fcntl.h>
#include <sndfile.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// Far more than recordings of one epoch that begin in the same second.
constexpr int kMostNames = 1000;
// Zeros are written in pieces of so many samples.
constexpr size_t kZeros = 4096;

// Creates a file that was not there before.
int CreateFile(const std::string& stem, std::string* path) {
  for (int i = 1; i <= kMostNames; ++i) {
    *path = i == 1 ? absl::StrCat(stem, ".wav")
                   : absl::StrCat(stem, "-", i, ".wav");
    const int fd =
        open(path->c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

// The inverse of S16 to float, exact for what came from S16.
int16_t ToS16(float sample) {
  // A NaN from a decoder would be undefined in lrint.
  if (std::isnan(sample)) return 0;
  const float scaled = std::clamp(sample * 32768.0f, -32768.0f, 32767.0f);
  return static_cast<int16_t>(std::lrint(scaled));
}

}  // namespace

WavSink::WavSink(const std::string& stem, int rate_hz, int channels)
    : PacedSink(rate_hz, channels), rate_hz_(rate_hz) {
  const int fd = CreateFile(stem, &path_);
  if (fd < 0) {
    Fail(std::strerror(errno));
    return;
  }
  SF_INFO info = {};
  info.samplerate = rate_hz;
  info.channels = channels;
  info.format = SF_FORMAT_RF64 | SF_FORMAT_PCM_16;
  file_ = sf_open_fd(fd, SFM_WRITE, &info, /*close_desc=*/SF_TRUE);
  if (file_ == nullptr) {
    close(fd);
    Fail(sf_strerror(nullptr));
    return;
  }
  // Plain WAV as long as it fits.
  sf_command(file_, SFC_RF64_AUTO_DOWNGRADE, nullptr, SF_TRUE);
  sf_command(file_, SFC_UPDATE_HEADER_NOW, nullptr, 0);
}

WavSink::~WavSink() { Stop(); }

void WavSink::Stop() {
  if (file_ == nullptr) return;
  const int error = sf_close(file_);
  file_ = nullptr;
  if (error != 0) Fail(sf_error_number(error));
}

void WavSink::Consume(int64_t silence_frames, absl::Span<const float> media) {
  if (file_ == nullptr) return;
  const auto width = static_cast<size_t>(channels());
  while (silence_frames > 0 && file_ != nullptr) {
    const int64_t frames =
        std::min<int64_t>(silence_frames, static_cast<int64_t>(kZeros / width));
    samples_.assign(static_cast<size_t>(frames) * width, 0);
    Write(samples_.data(), frames);
    silence_frames -= frames;
  }
  if (media.empty() || file_ == nullptr) return;
  samples_.resize(media.size());
  std::transform(media.begin(), media.end(), samples_.begin(), ToS16);
  Write(samples_.data(), static_cast<int64_t>(media.size() / width));
}

void WavSink::Write(const int16_t* samples, int64_t frames) {
  if (sf_writef_short(file_, samples, frames) != frames) {
    Fail(sf_strerror(file_));
    sf_close(file_);
    file_ = nullptr;
    return;
  }
  frames_since_header_ += frames;
  if (frames_since_header_ < rate_hz_) return;
  frames_since_header_ = 0;
  sf_command(file_, SFC_UPDATE_HEADER_NOW, nullptr, 0);
}

void WavSink::Fail(const std::string& what) {
  if (!problem_.empty()) return;
  problem_ = absl::StrCat("not recorded to ", path_, ": ", what);
  spdlog::error("recording failed file={} error=\"{}\"", path_, what);
}

}  // namespace earshot
