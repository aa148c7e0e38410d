#ifndef EARSHOT_SERVER_UNDERRUN_WATCH_H_
#define EARSHOT_SERVER_UNDERRUN_WATCH_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "server/stream_types.h"

namespace earshot {

enum class UnderrunCause {
  kNetworkLate,
  kSourceStarved,
  kOutage,
  kServerOverload,
};

// How often the sound ran out, and why.
struct UnderrunCounts {
  int64_t network_late = 0;
  int64_t source_starved = 0;
  int64_t outage = 0;
  int64_t server_overload = 0;

  int64_t total() const {
    return network_late + source_starved + outage + server_overload;
  }
  UnderrunCounts& operator+=(const UnderrunCounts& other);
};

// One of them, once it is over.
struct Underrun {
  UnderrunCause cause = UnderrunCause::kNetworkLate;
  MonotonicTime end;
  std::chrono::nanoseconds duration{0};  // until sound came
};

// Watches one epoch for underruns. One counts when the sound goes on after it:
// if the end comes instead, nothing was missing.
// Thread: none of its own; Session serializes calls.
class UnderrunWatch {
 public:
  explicit UnderrunWatch(MonotonicTime now)
      : last_pull_(now), last_heard_(now) {}

  // The sink pulls, as it usually does every `usual`.
  void OnPull(std::chrono::nanoseconds usual, MonotonicTime now);
  // Nothing is played, or said, on purpose.
  void OnIdle(MonotonicTime now) { last_pull_ = last_heard_ = now; }
  // The call is broken; it stands again.
  void OnCallLost();
  void OnCallResumed(MonotonicTime now);
  // There was nothing to play.
  void OnDry(MonotonicTime now);
  // That was no underrun: the source has stopped.
  void Forget() { dry_since_.reset(); }
  // Sound came, so much too late, of which so much was lost before it left the
  // guest. If it had run dry, that counts now.
  std::optional<UnderrunCause> OnMedia(std::chrono::nanoseconds late,
                                       std::chrono::nanoseconds source_late,
                                       MonotonicTime now);

  std::optional<MonotonicTime> dry_since() const { return dry_since_; }
  const UnderrunCounts& counts() const { return counts_; }
  // The last one that counted.
  const std::optional<Underrun>& last() const { return last_; }

 private:
  UnderrunCause CauseOf(std::chrono::nanoseconds late,
                        std::chrono::nanoseconds source_late,
                        MonotonicTime now) const;

  UnderrunCounts counts_;
  std::optional<Underrun> last_;
  std::optional<MonotonicTime> dry_since_;
  MonotonicTime last_pull_;
  MonotonicTime last_heard_;
  std::optional<MonotonicTime> late_pull_;  // the last one that came late
  bool call_lost_ = false;
  bool dry_by_outage_ = false;    // the call was broken while it was dry
  bool dry_by_overload_ = false;  // it ran dry right after a late pull
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_UNDERRUN_WATCH_H_
