#ifndef EARSHOT_CLIENT_CLI_LISTEN_STREAM_GAPS_H_
#define EARSHOT_CLIENT_CLI_LISTEN_STREAM_GAPS_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "proto/earshot/v1/listen.pb.h"

namespace earshot {

// Counts the gaps that a stream itself has: its play-out ran dry, stood still,
// or passed sound over. All who hear it hear them, however early they listen;
// silence, a pause and the end of an epoch are none.
// Thread: one.
class StreamGaps {
 public:
  void OnEpoch(int rate_hz);
  void OnPacket(const v1::DuePacket& packet);
  void OnStandstill(const v1::Standstill& standstill);
  void OnPassedOver() { passed_over_ = true; }
  // What comes is not connected with what was: declared silence, the end of an
  // epoch, a call that was broken.
  void OnBreak();

  int64_t gaps() const { return gaps_; }
  // For how long nothing was played that should have been.
  std::chrono::nanoseconds time() const { return time_; }

 private:
  int rate_hz_ = 0;
  // When the next packet is due if nothing is missing.
  std::optional<std::chrono::nanoseconds> next_due_;
  bool ran_dry_ = false;
  bool passed_over_ = false;
  int64_t gaps_ = 0;
  std::chrono::nanoseconds time_{0};
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_STREAM_GAPS_H_
