// Prints how the loop of client and server does on each network, one line
// each: loop_table [seconds [seeds [name-part]]].
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/loop_cases.h"
#include "tests/simulation/playback_loop.h"

int main(int argc, char** argv) {
  const int duration = argc > 1 ? std::atoi(argv[1]) : 3600;
  const int seeds = argc > 2 ? std::atoi(argv[2]) : 1;
  const std::string part = argc > 3 ? argv[3] : "";
  for (earshot::LoopSpec spec : earshot::LoopCases()) {
    if (spec.name.find(part) == std::string::npos) continue;
    spec.duration = std::chrono::seconds(duration);
    for (int seed = 1; seed <= seeds; ++seed) {
      spec.seed = static_cast<uint32_t>(seed);
      const earshot::LoopResult result = earshot::RunLoop(spec);
      std::printf("%s seed=%d\n", result.Line(spec.name).c_str(), seed);
      std::fflush(stdout);
    }
  }
  return 0;
}
