#include "server/sinks/wav_sink.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/sinks/sample_format.h"

namespace earshot {
namespace {

// Zeros are written in pieces of so many samples.
constexpr int64_t kZeros = 4096;

}  // namespace

WavSink::WavSink(absl::StatusOr<std::unique_ptr<WavFile>> file, int rate_hz,
                 int channels)
    : PacedSink(rate_hz, channels), rate_hz_(rate_hz) {
  if (!file.ok()) {
    Fail(file.status());
    return;
  }
  file_ = *std::move(file);
  path_ = file_->path();
}

WavSink::~WavSink() { Stop(); }

void WavSink::Stop() {
  if (file_ == nullptr) return;
  const absl::Status status = file_->UpdateHeader();
  file_.reset();
  if (!status.ok()) Fail(status);
}

void WavSink::Consume(int64_t silence_frames, absl::Span<const float> media) {
  int64_t zeros = silence_frames * channels();
  if (zeros > 0)
    samples_.assign(static_cast<size_t>(std::min(zeros, kZeros)), 0);
  while (zeros > 0 && file_ != nullptr) {
    // A whole number of frames: both are multiples of one and two channels.
    const auto piece = static_cast<size_t>(std::min(zeros, kZeros));
    Write(absl::MakeConstSpan(samples_).first(piece));
    zeros -= static_cast<int64_t>(piece);
  }
  if (media.empty() || file_ == nullptr) return;
  samples_.resize(media.size());
  std::transform(media.begin(), media.end(), samples_.begin(), ToS16);
  Write(samples_);
}

void WavSink::Write(absl::Span<const int16_t> samples) {
  absl::Status status = file_->Append(samples);
  if (status.ok() && file_->frames() - frames_in_header_ >= rate_hz_) {
    frames_in_header_ = file_->frames();
    status = file_->UpdateHeader();
  }
  if (status.ok()) return;
  Fail(status);
  Stop();
}

void WavSink::Fail(const absl::Status& status) {
  if (!problem_.empty()) return;
  problem_ = absl::StrCat("not recorded: ", status.message());
  spdlog::error("recording failed file={} error=\"{}\"", path_,
                std::string(status.message()));
}

}  // namespace earshot
