#include "server/underrun_watch.h"

#include <algorithm>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Nothing that is heard for so long is no jitter.
constexpr nanoseconds kOutage = std::chrono::seconds(1);
// A pull that comes so much later than usual: packets that came meanwhile may
// not have been read either, and are a little behind it.
constexpr nanoseconds kLatePull = milliseconds(20);
constexpr nanoseconds kLatePullCounts = milliseconds(50);

}  // namespace

UnderrunCounts& UnderrunCounts::operator+=(const UnderrunCounts& other) {
  network_late += other.network_late;
  source_starved += other.source_starved;
  outage += other.outage;
  server_overload += other.server_overload;
  return *this;
}

void UnderrunWatch::OnPull(nanoseconds usual, MonotonicTime now) {
  if (now - last_pull_ > usual + kLatePull) late_pull_ = now;
  last_pull_ = now;
}

void UnderrunWatch::OnCallLost() {
  call_lost_ = true;
  if (dry_since_) dry_by_outage_ = true;
}

void UnderrunWatch::OnCallResumed(MonotonicTime now) {
  call_lost_ = false;
  last_heard_ = now;
}

void UnderrunWatch::OnDry(MonotonicTime now) {
  dry_since_ = now;
  dry_by_outage_ = call_lost_;
  dry_by_overload_ = late_pull_ && now - *late_pull_ <= kLatePullCounts;
}

std::optional<UnderrunCause> UnderrunWatch::OnMedia(nanoseconds late,
                                                    nanoseconds source_late,
                                                    MonotonicTime now) {
  std::optional<UnderrunCause> cause;
  if (dry_since_) {
    cause = CauseOf(late, source_late, now);
    switch (*cause) {
      case UnderrunCause::kNetworkLate:
        ++counts_.network_late;
        break;
      case UnderrunCause::kSourceStarved:
        ++counts_.source_starved;
        break;
      case UnderrunCause::kOutage:
        ++counts_.outage;
        break;
      case UnderrunCause::kServerOverload:
        ++counts_.server_overload;
        break;
    }
    last_ = Underrun{*cause, now, now - *dry_since_};
    dry_since_.reset();
  }
  last_heard_ = now;
  return cause;
}

UnderrunCause UnderrunWatch::CauseOf(nanoseconds late, nanoseconds source_late,
                                     MonotonicTime now) const {
  if (dry_by_outage_) return UnderrunCause::kOutage;
  if (dry_by_overload_) return UnderrunCause::kServerOverload;
  // Most of it was lost before it left the guest.
  const nanoseconds most = std::max<nanoseconds>(late, now - *dry_since_) / 2;
  if (source_late > nanoseconds(0) && source_late >= most) {
    return UnderrunCause::kSourceStarved;
  }
  if (now - last_heard_ >= kOutage) return UnderrunCause::kOutage;
  return UnderrunCause::kNetworkLate;
}

}  // namespace earshot
