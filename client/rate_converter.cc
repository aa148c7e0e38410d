#include "client/rate_converter.h"

#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// Flat up to nine tenths of the band, for Opus itself ends at 20 kHz, and with
// soxr's smallest blocks. Measured from 44.1 to 48 kHz: 2.4 ms late, 112 dB of
// SNR. soxr's usual quality (20 bits, 91 % of the band, blocks four times as
// long) is 22 ms late. More than four times up, as from 11025 Hz, soxr takes
// another way, whose blocks are half as long with a little less of the band:
// 18 ms late.
constexpr unsigned long kRecipe = SOXR_16_BITQ;
constexpr double kPassband = 0.9;
constexpr double kPassbandFarUp = 0.85;
constexpr double kStopband = 1.1;
constexpr unsigned kLog2DftSize = 8;

// Zeros that go in at a time.
constexpr size_t kZeroFrames = 16;
// More than comes out at once of soxr's largest blocks, in frames.
constexpr size_t kSlackFrames = 8192;
// The lag rises and falls with soxr's blocks: this is longer than some of them.
constexpr int kMeasuredFrames = 16384;

}  // namespace

void RateConverter::Destroy::operator()(soxr* resampler) const {
  soxr_delete(resampler);
}

absl::StatusOr<std::unique_ptr<RateConverter>> RateConverter::Create(
    int rate_in_hz, int rate_out_hz, int channels) {
  if (rate_in_hz < 1 || rate_out_hz < 1 || channels < 1) {
    return absl::InvalidArgumentError("rates and channels are positive");
  }
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  soxr_quality_spec_t quality = soxr_quality_spec(kRecipe, 0);
  quality.passband_end =
      rate_out_hz / 4 > rate_in_hz ? kPassbandFarUp : kPassband;
  quality.stopband_begin = kStopband;
  soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
  runtime.log2_min_dft_size = kLog2DftSize;
  runtime.log2_large_dft_size = kLog2DftSize;
  soxr_error_t error = nullptr;
  std::unique_ptr<soxr, Destroy> resampler(
      soxr_create(rate_in_hz, rate_out_hz, static_cast<unsigned>(channels),
                  &error, &io, &quality, &runtime));
  if (error != nullptr || resampler == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot resample ", rate_in_hz, " Hz to ", rate_out_hz,
                     " Hz: ", error != nullptr ? error : "no memory"));
  }
  std::unique_ptr<RateConverter> converter(new RateConverter(
      std::move(resampler), static_cast<double>(rate_in_hz) / rate_out_hz,
      channels));
  converter->lag_frames_ = converter->MeasureLag();
  return converter;
}

RateConverter::RateConverter(std::unique_ptr<soxr, Destroy> resampler,
                             double ratio, int channels)
    : resampler_(std::move(resampler)),
      ratio_(ratio),
      channels_(static_cast<size_t>(channels)),
      zeros_(kZeroFrames * channels_) {}

RateConverter::~RateConverter() = default;

void RateConverter::Restart() {
  taken_ = ready_ = 0;
  if (fresh_) return;
  soxr_clear(resampler_.get());
  soxr_set_io_ratio(resampler_.get(), ratio_, 0);
  fresh_ = true;
}

void RateConverter::Write(absl::Span<const float> pcm) {
  fresh_ = false;
  std::copy(out_.begin() + static_cast<ptrdiff_t>(taken_),
            out_.begin() + static_cast<ptrdiff_t>(ready_), out_.begin());
  ready_ -= taken_;
  taken_ = 0;
  const size_t frames = pcm.size() / channels_;
  const size_t most =
      static_cast<size_t>(static_cast<double>(frames) / ratio_) + kSlackFrames;
  out_.resize(std::max(out_.size(), ready_ + most * channels_));
  size_t in = 0;
  size_t out = 0;
  // It fails only without memory: then less comes out, and Finish() fills up.
  soxr_process(resampler_.get(), pcm.data(), frames, &in, out_.data() + ready_,
               most, &out);
  ready_ += out * channels_;
}

void RateConverter::Finish(int64_t frames) {
  const size_t wanted = static_cast<size_t>(frames) * channels_;
  // What is written is enough after the lag, unless soxr fails.
  const int64_t most = static_cast<int64_t>(
      static_cast<double>(frames + lag_frames_) * ratio_ / kZeroFrames + 2);
  for (int64_t i = 0; i < most && ready_ - taken_ < wanted; ++i) Write(zeros_);
  if (ready_ - taken_ >= wanted) return;
  out_.resize(std::max(out_.size(), taken_ + wanted));
  std::fill(out_.begin() + static_cast<ptrdiff_t>(ready_),
            out_.begin() + static_cast<ptrdiff_t>(taken_ + wanted), 0.0f);
  ready_ = taken_ + wanted;
}

int64_t RateConverter::ready_frames() const {
  return static_cast<int64_t>((ready_ - taken_) / channels_);
}

absl::Span<const float> RateConverter::Take(int64_t frames) {
  const size_t samples =
      std::min(static_cast<size_t>(frames) * channels_, ready_ - taken_);
  const auto taken = absl::MakeConstSpan(out_).subspan(taken_, samples);
  taken_ += samples;
  return taken;
}

int RateConverter::MeasureLag() {
  double lag = 0;
  size_t in = 0;
  while (in < kMeasuredFrames) {
    // The frame that a block waits for goes in last.
    lag = std::max(lag, static_cast<double>(in + kZeroFrames) / ratio_ -
                            static_cast<double>(ready_frames()));
    Write(zeros_);
    in += kZeroFrames;
  }
  Restart();
  return static_cast<int>(std::ceil(lag));
}

}  // namespace earshot
