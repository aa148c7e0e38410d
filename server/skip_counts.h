#ifndef EARSHOT_SERVER_SKIP_COUNTS_H_
#define EARSHOT_SERVER_SKIP_COUNTS_H_

#include <cstdint>

namespace earshot {

// Why a client has discarded frames; the values are those of
// earshot.v1.Skip.Reason.
enum class SkipReason { kUnspecified, kOutage, kOverflow, kRelease };

// Frames that were skipped, by reason.
struct SkipCounts {
  int64_t unspecified = 0;
  int64_t outage = 0;
  int64_t overflow = 0;
  int64_t release = 0;

  void Add(SkipReason reason, int64_t frames) {
    switch (reason) {
      case SkipReason::kOutage:
        outage += frames;
        return;
      case SkipReason::kOverflow:
        overflow += frames;
        return;
      case SkipReason::kRelease:
        release += frames;
        return;
      case SkipReason::kUnspecified:
        break;
    }
    unspecified += frames;  // also what this server does not know
  }
  SkipCounts& operator+=(const SkipCounts& other) {
    unspecified += other.unspecified;
    outage += other.outage;
    overflow += other.overflow;
    release += other.release;
    return *this;
  }
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SKIP_COUNTS_H_
