#ifndef EARSHOT_SERVER_REFUSAL_COUNTS_H_
#define EARSHOT_SERVER_REFUSAL_COUNTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "server/refusal.h"

namespace earshot {

// How often the process has refused a request or ended a call, by reason.
// Counted in one place: where a Refusal becomes what a client sees of it.
// Thread-safe, without locks.
class RefusalCounts {
 public:
  // Those of the process: its servers answer as one.
  static RefusalCounts& OfProcess();

  void Count(Reason reason);
  uint64_t of(Reason reason) const;

 private:
  std::array<std::atomic<uint64_t>, kReasonCount> counts_{};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_REFUSAL_COUNTS_H_
