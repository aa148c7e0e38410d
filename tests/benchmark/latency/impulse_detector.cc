#include "tests/benchmark/latency/impulse_detector.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace earshot {
namespace {

// Far above what a codec lets through of the carrier, far below an impulse.
constexpr float kLoud = 0.15F;
// An impulse begins shortly before it is loud; what is loud before it is a
// codec's pre-echo, of one block at most.
constexpr int kBefore = 144;
constexpr int kAfter = 480;
constexpr int kHistory = kBefore + kAfter + kImpulseFrames;
// Impulses are 200 ms apart: after one, its echoes are passed over.
constexpr int kDeafFrames = kImpulseRate / 10;
// Half of what an unharmed impulse comes to: 0.7 of amplitude.
constexpr float kLeastMatch = 0.35F;
// A first look at every so many frames: an impulse is much longer.
constexpr int kStep = 8;

}  // namespace

ImpulseDetector::ImpulseDetector() : history_(kHistory, 0.0F) {
  for (int id = 0; id < kImpulseIds; ++id) {
    double energy = 0;
    for (int i = 0; i < kImpulseFrames; ++i) {
      energy += ImpulseEnvelope(i) * ImpulseEnvelope(i);
    }
    for (int i = 0; i < kImpulseFrames; ++i) {
      templates_[id][i] = std::polar<float>(
          static_cast<float>(2 * ImpulseEnvelope(i) / energy),
          static_cast<float>(2 * std::numbers::pi * ImpulseHz(id) * i /
                             kImpulseRate));
    }
  }
}

std::optional<ImpulseDetector::Found> ImpulseDetector::Add(float sample) {
  history_.pop_front();
  history_.push_back(sample);
  ++count_;
  if (search_at_ < 0 && std::abs(sample) > kLoud && count_ > deaf_until_) {
    search_at_ = count_ + kAfter + kImpulseFrames;
  }
  if (count_ != search_at_) return std::nullopt;
  search_at_ = -1;
  deaf_until_ = count_ + kDeafFrames;
  return Search();
}

float ImpulseDetector::Match(absl::Span<const float> sound, int id) const {
  std::complex<float> sum = 0;
  for (int i = 0; i < kImpulseFrames; ++i) sum += sound[i] * templates_[id][i];
  return std::abs(sum);
}

std::optional<ImpulseDetector::Found> ImpulseDetector::Search() const {
  const std::vector<float> sound(history_.begin(), history_.end());
  const absl::Span<const float> all(sound);
  int start = 0;
  int id = 0;
  float most = 0;
  const auto look = [&](int at, int as) {
    const float match = Match(all.subspan(at), as);
    if (match <= most) return;
    most = match;
    start = at;
    id = as;
  };
  for (int at = 0; at + kImpulseFrames <= kHistory; at += kStep) {
    for (int as = 0; as < kImpulseIds; ++as) look(at, as);
  }
  const int rough = start;
  const int last = std::min(rough + kStep, kHistory - kImpulseFrames);
  for (int at = std::max(rough - kStep, 0); at <= last; ++at) look(at, id);
  if (most < kLeastMatch) return std::nullopt;
  return Found{count_ - kHistory + start, id};
}

}  // namespace earshot
