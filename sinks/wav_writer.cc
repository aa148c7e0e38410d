#include "sinks/wav_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

constexpr int kMostSeconds = 10;
// Zeros are written in pieces of so many samples; of whole frames, since it is
// a multiple of all numbers of channels up to eight.
constexpr int64_t kZeros = 6720;

}  // namespace

WavWriter::WavWriter(std::unique_ptr<WavFile> file, int rate_hz, int channels)
    : rate_hz_(rate_hz),
      channels_(channels),
      most_samples_(static_cast<size_t>(rate_hz) *
                    static_cast<size_t>(channels) * kMostSeconds),
      path_(file->path()),
      file_(std::move(file)),
      thread_([this] { Work(); }) {}

WavWriter::~WavWriter() { Close(); }

void WavWriter::Write(int64_t silence_frames,
                      absl::Span<const int16_t> samples) {
  if (silence_frames == 0 && samples.empty()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!problem_.empty()) return;
    if (waiting_.samples.size() + samples.size() > most_samples_) {
      Fail(absl::UnavailableError(absl::StrCat(
          "the disk is too slow: ", kMostSeconds, " s of sound wait for it")));
      return;
    }
    if (silence_frames > 0 || waiting_.runs.empty()) {
      waiting_.runs.push_back({silence_frames * channels_, 0});
    }
    waiting_.runs.back().samples += samples.size();
    waiting_.samples.insert(waiting_.samples.end(), samples.begin(),
                            samples.end());
  }
  changed_.notify_one();
}

void WavWriter::Close() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::string WavWriter::problem() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return problem_;
}

void WavWriter::Work() {
  Sound sound;
  bool more = true;
  while (more) {
    sound.runs.clear();
    sound.samples.clear();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock,
                    [this] { return closing_ || !waiting_.runs.empty(); });
      std::swap(sound, waiting_);
      more = !closing_ || !sound.runs.empty();
    }
    const absl::Status status = more ? WriteOut(sound) : file_->UpdateHeader();
    if (status.ok()) continue;
    // What was written before is kept.
    (void)file_->UpdateHeader();
    std::lock_guard<std::mutex> lock(mutex_);
    Fail(status);
    return;
  }
}

absl::Status WavWriter::WriteOut(const Sound& sound) {
  absl::Span<const int16_t> samples = sound.samples;
  for (const Run& run : sound.runs) {
    if (absl::Status s = WriteZeros(run.silence_samples); !s.ok()) return s;
    if (absl::Status s = file_->Append(samples.first(run.samples)); !s.ok()) {
      return s;
    }
    samples.remove_prefix(run.samples);
  }
  return RefreshHeader();
}

absl::Status WavWriter::WriteZeros(int64_t samples) {
  if (samples == 0) return absl::OkStatus();
  const std::vector<int16_t> zeros(
      static_cast<size_t>(std::min(samples, kZeros)));
  while (samples > 0) {
    const int64_t piece = std::min(samples, kZeros);
    const absl::Status status = file_->Append(
        absl::MakeConstSpan(zeros).first(static_cast<size_t>(piece)));
    if (!status.ok()) return status;
    samples -= piece;
  }
  return absl::OkStatus();
}

absl::Status WavWriter::RefreshHeader() {
  if (file_->frames() - frames_in_header_ < rate_hz_) return absl::OkStatus();
  frames_in_header_ = file_->frames();
  return file_->UpdateHeader();
}

void WavWriter::Fail(const absl::Status& status) {
  if (!problem_.empty()) return;
  problem_ = absl::StrCat("not recorded: ", status.message());
  waiting_ = Sound();
  spdlog::error("recording failed file={} error=\"{}\"", path_,
                std::string(status.message()));
}

}  // namespace earshot
