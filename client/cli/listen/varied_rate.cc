#include "client/cli/listen/varied_rate.h"

#include <soxr.h>

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

constexpr double kMostRatio = 1.05;
// Fed at a time: soxr takes no more before it is needed.
constexpr size_t kFedFrames = 48;

soxr_t Make(unsigned channels) {
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, SOXR_VR);
  soxr_error_t error = nullptr;
  return soxr_create(kMostRatio, 1, channels, &error, &io, &quality, nullptr);
}

}  // namespace

void VariedRate::Destroy::operator()(soxr* resampler) const {
  soxr_delete(resampler);
}

VariedRate::VariedRate(int channels, Feed feed)
    : channels_(static_cast<size_t>(channels)),
      feed_(std::move(feed)),
      in_(kFedFrames * channels_),
      resampler_(Make(static_cast<unsigned>(channels))) {
  if (resampler_ == nullptr) return;
  soxr_set_input_fn(resampler_.get(), &FeedSoxr, this, kFedFrames);
  SetRatio(1);
}

VariedRate::~VariedRate() = default;

void VariedRate::SetRatio(double ratio) {
  if (resampler_ == nullptr) return;
  soxr_set_io_ratio(resampler_.get(),
                    std::clamp(ratio, 2 - kMostRatio, kMostRatio), 0);
}

void VariedRate::Pull(absl::Span<float> out) {
  size_t done = 0;
  if (resampler_ != nullptr) {
    done = soxr_output(resampler_.get(), out.data(), out.size() / channels_);
  }
  std::fill(out.begin() + static_cast<ptrdiff_t>(done * channels_), out.end(),
            0.0f);
}

size_t VariedRate::FeedSoxr(void* self, const void** in, size_t frames) {
  auto* rate = static_cast<VariedRate*>(self);
  const size_t fed = std::min(frames, kFedFrames);
  rate->feed_(absl::MakeSpan(rate->in_).first(fed * rate->channels_));
  *in = rate->in_.data();
  return fed;
}

}  // namespace earshot
