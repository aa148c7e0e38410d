#include "tests/benchmark/latency/impulse_signal.h"

#include <cmath>
#include <numbers>

namespace earshot {
namespace {

constexpr int kShortestGap = kImpulseRate / 5;
constexpr uint32_t kGapSpread = kImpulseRate / 10;
constexpr double kImpulseAmplitude = 0.7;
constexpr double kCarrierAmplitude = 0.2;
constexpr double kTurn = 2 * std::numbers::pi;

int16_t ToSample(double value) {
  return static_cast<int16_t>(std::lrint(value * 32767));
}

}  // namespace

double ImpulseHz(int id) { return 2000.0 + 1000.0 * id; }

double ImpulseEnvelope(int frame) {
  return 0.5 - 0.5 * std::cos(kTurn * (frame + 0.5) / kImpulseFrames);
}

ImpulseSignal::ImpulseSignal(uint32_t seed) : random_(seed) {
  next_.first_frame = kImpulseRate;
  current_.number = -1;
}

std::vector<Impulse> ImpulseSignal::Render(absl::Span<int16_t> out) {
  std::vector<Impulse> begun;
  for (size_t i = 0; i + 1 < out.size(); i += 2, ++position_) {
    if (position_ == next_.first_frame) {
      current_ = next_;
      begun.push_back(current_);
      random_ = random_ * 1664525 + 1013904223;
      ++next_.number;
      next_.first_frame += kShortestGap + (random_ >> 16) % kGapSpread;
    }
    const int64_t frame = position_ - current_.first_frame;
    double left = 0;
    if (current_.number >= 0 && frame < kImpulseFrames) {
      left = kImpulseAmplitude * ImpulseEnvelope(static_cast<int>(frame)) *
             std::sin(kTurn * ImpulseHz(current_.id()) *
                      static_cast<double>(frame) / kImpulseRate);
    }
    out[i] = ToSample(left);
    out[i + 1] = ToSample(
        kCarrierAmplitude *
        std::sin(kTurn * kCarrierHz *
                 static_cast<double>(position_ % kImpulseRate) / kImpulseRate));
  }
  return begun;
}

}  // namespace earshot
