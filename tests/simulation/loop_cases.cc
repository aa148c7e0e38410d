#include "tests/simulation/loop_cases.h"

#include <cstdlib>
#include <string>
#include <utility>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LoopSpec Network(std::string name, double mean_ms, double deviation_ms) {
  LoopSpec spec;
  spec.name = std::move(name);
  spec.forward.mean_ms = spec.backward.mean_ms = mean_ms;
  spec.forward.deviation_ms = spec.backward.deviation_ms = deviation_ms;
  return spec;
}

LoopSpec Drift(std::string name, double ppm) {
  LoopSpec spec = Network(std::move(name), 0.2, 0.05);
  spec.drift_ppm = ppm;
  return spec;
}

LoopSpec Losing(std::string name, double share) {
  LoopSpec spec = Network(std::move(name), 20, 2);
  spec.forward.late_share = share;
  return spec;
}

LoopSpec Blacked(std::string name, milliseconds duration, int count) {
  LoopSpec spec = Network(std::move(name), 10, 1);
  for (int i = 0; i < count; ++i) {
    const seconds begin(120 + 50 * i);
    spec.blackouts.push_back({begin, begin + duration});
  }
  return spec;
}

}  // namespace

std::vector<LoopSpec> LoopCases() {
  std::vector<LoopSpec> cases = {
      Drift("clean", 0),
      Drift("clean_plus_200_ppm", 200),
      Drift("clean_minus_200_ppm", -200),
      Network("jitter_20_5", 20, 5),
      Network("jitter_50_20", 50, 20),
      Network("jitter_100_50", 100, 50),
      Losing("loss_1_percent", 0.01),
      Losing("loss_5_percent", 0.05),
      Blacked("blackout_200_ms", milliseconds(200), 1),
      Blacked("blackouts_200_ms", milliseconds(200), 10),
      Blacked("blackout_2_s", milliseconds(2000), 1),
  };
  LoopSpec low = Network("low_latency", 0.5, 0.3);
  low.low_latency = true;
  low.packet = milliseconds(5);
  cases.push_back(low);
  LoopSpec drifting = Network("jitter_20_5_plus_200_ppm", 20, 5);
  drifting.drift_ppm = 200;
  cases.push_back(drifting);
  LoopSpec lost = Drift("progress_lost", 200);
  lost.lost_progress = 0.02;
  cases.push_back(lost);
  LoopSpec card = Drift("card_20_ms", 100);
  card.card_chunk = milliseconds(20);
  cases.push_back(card);
  return cases;
}

LoopSpec LoopCase(const std::string& name) {
  std::vector<LoopSpec> cases = LoopCases();
  for (LoopSpec& spec : cases) {
    if (spec.name == name) return std::move(spec);
  }
  std::abort();
}

}  // namespace earshot
