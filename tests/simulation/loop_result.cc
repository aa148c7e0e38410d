#include "tests/simulation/loop_result.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace earshot {

void LoopResult::Merge(const LoopResult& other) {
  const auto worsen = [](auto& mine, const auto& theirs) {
    mine = std::max(mine, theirs);
  };
  underruns_first_minute += other.underruns_first_minute;
  underruns_later += other.underruns_later;
  causes += other.causes;
  worsen(lead_p5_ms, other.lead_p5_ms);
  worsen(lead_p50_ms, other.lead_p50_ms);
  worsen(lead_p95_ms, other.lead_p95_ms);
  worsen(worst_error_ms, other.worst_error_ms);
  if (std::abs(other.steering_mean_ppm) > std::abs(steering_mean_ppm)) {
    steering_mean_ppm = other.steering_mean_ppm;
  }
  worsen(steering_sd_ppm, other.steering_sd_ppm);
  worsen(target_ms, other.target_ms);
  worsen(at_floor_after_s, other.at_floor_after_s);
  worsen(skipped_frames, other.skipped_frames);
  worsen(stalled_ms, other.stalled_ms);
  if (other.unaccounted_frames != 0) {
    unaccounted_frames = other.unaccounted_frames;
  }
  refused = refused || other.refused;
}

std::string LoopResult::Line(const std::string& name) const {
  char line[512];
  std::snprintf(
      line, sizeof(line),
      "RESULT simulation.%s underruns_first_minute=%lld underruns_later=%lld "
      "network_late=%lld source_starved=%lld outage=%lld "
      "server_overload=%lld "
      "lead_p5_ms=%.1f lead_p50_ms=%.1f lead_p95_ms=%.1f target_ms=%.1f "
      "worst_error_ms=%.1f steering_ppm=%.1f steering_sd_ppm=%.1f "
      "at_floor_after_s=%.1f skipped_frames=%lld stalled_ms=%.0f "
      "unaccounted=%lld",
      name.c_str(), static_cast<long long>(underruns_first_minute),
      static_cast<long long>(underruns_later),
      static_cast<long long>(causes.network_late),
      static_cast<long long>(causes.source_starved),
      static_cast<long long>(causes.outage),
      static_cast<long long>(causes.server_overload), lead_p5_ms, lead_p50_ms,
      lead_p95_ms, target_ms, worst_error_ms, steering_mean_ppm,
      steering_sd_ppm, at_floor_after_s, static_cast<long long>(skipped_frames),
      stalled_ms, static_cast<long long>(unaccounted_frames));
  return line;
}

}  // namespace earshot
