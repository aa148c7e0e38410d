#ifndef EARSHOT_TESTS_SIMULATION_PLAYBACK_LOOP_H_
#define EARSHOT_TESTS_SIMULATION_PLAYBACK_LOOP_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "server/session.h"
#include "tests/simulation/loop_result.h"
#include "tests/simulation/network_path.h"

namespace earshot {

// From when to when something is so, in virtual time.
struct Interval {
  std::chrono::nanoseconds begin;
  std::chrono::nanoseconds end;
};

// What is simulated: a client and a server, each with its own clock and its own
// lateness of threads, and a network between them.
struct LoopSpec {
  std::string name;
  std::chrono::seconds duration{3600};
  std::chrono::milliseconds packet{10};
  bool low_latency = false;
  // By how much the server's clock runs faster.
  double drift_ppm = 0;
  PathSpec forward;
  PathSpec backward;
  std::vector<Blackout> blackouts;  // of both ways
  double lost_progress = 0;         // share
  std::vector<Interval> pauses;     // the guest has stopped its stream
  std::vector<Interval> frozen;     // the client's loop does not run
  // Instants at which the client's clock leaps forward by a second.
  std::vector<std::chrono::nanoseconds> leaps;
  // The sink pulls so much at a time; its usual one pulls what is due.
  std::chrono::milliseconds card_chunk{0};
  PlayoutConfig config;
  uint32_t seed = 1;
};

// Runs it to its end. Deterministic.
LoopResult RunLoop(const LoopSpec& spec);

}  // namespace earshot

#endif  // EARSHOT_TESTS_SIMULATION_PLAYBACK_LOOP_H_
