#include "server/limits/tick_load.h"

namespace earshot {
namespace {

constexpr std::chrono::seconds kSecond{1};
// The least margin that packets arrive with.
constexpr std::chrono::milliseconds kLate{10};
// Shares, of the time and of the ticks.
constexpr double kHotBusy = 0.8;
constexpr double kHotLate = 0.5;
constexpr double kCalmBusy = 0.6;
constexpr double kCalmLate = 0.1;
constexpr int kHotSeconds = 2;
constexpr int kCalmSeconds = 5;

}  // namespace

void TickLoad::OnTick(std::chrono::nanoseconds late,
                      std::chrono::nanoseconds took, MonotonicTime now) {
  if (second_began_ == MonotonicTime()) second_began_ = now;
  if (const auto time = now - second_began_; time >= kSecond) {
    Judge(time);
    second_began_ = now;
    busy_ = {};
    ticks_ = late_ticks_ = 0;
  }
  busy_ += took;
  ++ticks_;
  if (late >= kLate) ++late_ticks_;
}

void TickLoad::Judge(std::chrono::nanoseconds time) {
  const double busy =
      static_cast<double>(busy_.count()) / static_cast<double>(time.count());
  const double late = static_cast<double>(late_ticks_) / ticks_;
  const bool against = overloaded_ ? busy < kCalmBusy && late < kCalmLate
                                   : busy > kHotBusy || late > kHotLate;
  in_a_row_ = against ? in_a_row_ + 1 : 0;
  if (in_a_row_ < (overloaded_ ? kCalmSeconds : kHotSeconds)) return;
  overloaded_ = !overloaded_;
  in_a_row_ = 0;
}

}  // namespace earshot
