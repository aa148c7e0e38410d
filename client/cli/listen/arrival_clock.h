#ifndef EARSHOT_CLIENT_CLI_LISTEN_ARRIVAL_CLOCK_H_
#define EARSHOT_CLIENT_CLI_LISTEN_ARRIVAL_CLOCK_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "sinks/audio_sink.h"

namespace earshot {

// When the sound of a stream would be here at the earliest, and how much later
// than that it comes: learnt from when its packets arrive. Following the
// earliest ones of late, it follows the server's clock, too.
// Thread: none of its own. Time is an argument.
class ArrivalClock {
 public:
  // Sound that belongs `line` behind the start of its run is here. `in_time`:
  // it was sent when it was due.
  void OnArrival(std::chrono::nanoseconds line, bool in_time,
                 MonotonicTime now);
  // Another run begins: the clock stands elsewhere, and the path is the same.
  void StartRun();

  // When the start of the run is here at the earliest.
  std::optional<MonotonicTime> start() const;
  // How late what came in the last half minute was, at most.
  std::chrono::nanoseconds lateness() const;

 private:
  // What is older than one and two of these is forgotten.
  static constexpr std::chrono::seconds kStartWindow{10};
  static constexpr std::chrono::seconds kLatenessWindow{6};

  std::optional<MonotonicTime> earliest_;  // of this window
  std::optional<MonotonicTime> earliest_before_;
  MonotonicTime start_window_;
  // Newest first. Before anything is known, the service's own ticks count.
  std::array<std::chrono::nanoseconds, 6> latest_ = {
      std::chrono::milliseconds(20)};
  MonotonicTime lateness_window_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_ARRIVAL_CLOCK_H_
