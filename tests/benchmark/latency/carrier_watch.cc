#include "tests/benchmark/latency/carrier_watch.h"

#include <cmath>
#include <numbers>

namespace earshot {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
// 2 ms, one period: the pitches of all impulses are whole there, too.
constexpr int kWindow = kImpulseRate / kCarrierHz;
constexpr double kAudible = 0.05;
// 200 ms of carrier, before anything counts as a break.
constexpr int kSettled = 100;
// Windows on either side of the one that holds the jump.
constexpr size_t kBeside = 3;
// 0.16 ms. 1 % off the rate comes to 0.25 over as many windows.
constexpr double kLeastJump = 0.5;
constexpr double kMsPerTurn = 1e3 / kCarrierHz;

}  // namespace

std::optional<CarrierWatch::Break> CarrierWatch::Add(float sample) {
  const double angle = kTurn * static_cast<double>(count_ % kWindow) / kWindow;
  sum_ += std::polar<double>(2.0 / kWindow * sample, -angle);
  if (++count_ % kWindow != 0) return std::nullopt;
  const std::complex<double> level = sum_;
  sum_ = 0;
  return OnWindow(level);
}

std::optional<CarrierWatch::Break> CarrierWatch::OnWindow(
    std::complex<double> level) {
  const double loudness = std::abs(level);
  if (loudness < kAudible || loudness < 0.5 * loudness_) {
    ++gone_;
    phases_.clear();
    if (steady_ < kSettled) steady_ = 0;
    return std::nullopt;
  }
  std::optional<Break> found;
  if (gone_ > 0 && steady_ >= kSettled) {
    found = Break{.frame = count_, .gap_ms = gone_ * kMsPerTurn};
    steady_ = 0;
  }
  gone_ = 0;
  ++steady_;
  loudness_ = loudness_ > 0 ? 0.99 * loudness_ + 0.01 * loudness : loudness;
  phases_.push_back(std::arg(level));
  if (phases_.size() <= 2 * kBeside) return found;
  const double jump = std::remainder(phases_.back() - phases_.front(), kTurn);
  phases_.pop_front();
  if (steady_ < kSettled || std::abs(jump) < kLeastJump) return found;
  phases_.clear();
  return Break{.frame = count_, .jump_ms = jump / kTurn * kMsPerTurn};
}

}  // namespace earshot
