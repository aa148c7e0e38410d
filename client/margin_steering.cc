#include "client/margin_steering.h"

#include <algorithm>
#include <cmath>

namespace earshot {
namespace {

// A PI controller of 0.01 Hz, damped critically. At 0.05 Hz jitter of 20±5 ms
// would shake the guest's clock by 600 ppm.
constexpr double kOmega = 2 * 3.14159265358979 * 0.01;  // 1/s
constexpr double kProportional = 2 * kOmega;            // 1/s
constexpr double kIntegral = kOmega * kOmega;           // 1/s^2
// Quartz clocks are within 100 ppm each; hosts and cards rarely beyond 500.
constexpr double kMaxDrift = 500e-6;
// What the proportional part may add.
constexpr double kMaxFine = 500e-6;
// Beyond this part of the target a slew takes over: the delay itself is wrong
// (a start, an outage, a target that sinks). What the mean of a shaky network
// wobbles by lies within.
constexpr double kSlewBeyond = 0.17;
constexpr double kLeastSlewBeyond = 0.002;  // s
constexpr double kMostSlewBeyond = 0.025;   // s
constexpr double kSlewGain = 0.2;           // 1/s
constexpr double kMaxSlew = 20000e-6;
// The drift has nothing to learn from such a delay; from errors of this size it
// has, or a large drift would stay one.
constexpr double kMostLearnt = 0.005;  // s
// Progress comes every 100 ms. After a longer gap (lost, in silence, or a host
// that stood still) one error does not speak for all of it.
constexpr double kMaxStep = 0.25;  // s

double Seconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace

void MarginSteering::Reset() { *this = MarginSteering(); }

double MarginSteering::OnError(std::chrono::nanoseconds error,
                               MonotonicTime now,
                               std::chrono::nanoseconds target) {
  const double step =
      last_error_ ? std::clamp(Seconds(now - *last_error_), 0.0, kMaxStep) : 0;
  last_error_ = now;
  const double e = Seconds(error);
  const double beyond = std::clamp(kSlewBeyond * Seconds(target),
                                   kLeastSlewBeyond, kMostSlewBeyond);
  const double fine = std::min(kMaxFine, kProportional * std::abs(e));
  const double slew = kSlewGain * std::max(0.0, std::abs(e) - beyond);
  correction_ = -std::copysign(std::min(kMaxSlew, fine + slew), e);
  if (std::abs(e) <= std::max(beyond, kMostLearnt)) {
    integral_ =
        std::clamp(integral_ - kIntegral * e * step, -kMaxDrift, kMaxDrift);
  }
  return ppm();
}

void MarginSteering::Hold() {
  correction_ = 0;
  last_error_.reset();
}

double MarginSteering::ppm() const { return (integral_ + correction_) * 1e6; }

}  // namespace earshot
