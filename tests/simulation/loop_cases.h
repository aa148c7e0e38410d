#ifndef EARSHOT_TESTS_SIMULATION_LOOP_CASES_H_
#define EARSHOT_TESTS_SIMULATION_LOOP_CASES_H_

#include <vector>

#include "tests/simulation/playback_loop.h"

namespace earshot {

// The networks of the table in architecture.md, "The control law", and some
// more. An hour each.
std::vector<LoopSpec> LoopCases();
LoopSpec LoopCase(const std::string& name);

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_LOOP_CASES_H_
