#include "server/limits/tick_load.h"

namespace earshot {

void TickLoad::OnTick(std::chrono::nanoseconds late,
                      std::chrono::nanoseconds took, MonotonicTime now) {
  if (span_began_ == MonotonicTime()) span_began_ = now;
  if (const auto time = now - span_began_; time >= limits_.span) {
    Judge(time);
    span_began_ = now;
    busy_ = {};
    ticks_ = late_ticks_ = 0;
  }
  busy_ += took;
  ++ticks_;
  if (late >= limits_.late) ++late_ticks_;
}

void TickLoad::Judge(std::chrono::nanoseconds time) {
  const double busy =
      static_cast<double>(busy_.count()) / static_cast<double>(time.count());
  const double late = static_cast<double>(late_ticks_) / ticks_;
  const bool against =
      overloaded_ ? busy < limits_.calm_busy && late < limits_.calm_late
                  : busy > limits_.hot_busy || late > limits_.hot_late;
  in_a_row_ = against ? in_a_row_ + 1 : 0;
  if (in_a_row_ < (overloaded_ ? limits_.calm_spans : limits_.hot_spans)) {
    return;
  }
  overloaded_ = !overloaded_;
  in_a_row_ = 0;
}

}  // namespace earshot
