#include "server/limits/open_limits.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/limits/peer_address.h"

namespace earshot {
namespace {

constexpr int kSeconds = 10;  // policy.proto
// How many may be refused for each that may be begun.
constexpr int kRefused = 5;
constexpr char kAnonymous[] = "anonymous";
// Sooner it is not worth to try again.
constexpr std::chrono::milliseconds kLeastRetry{500};

Refusal TooMany(const std::string& key, int per_second, const char* what,
                std::chrono::milliseconds wait) {
  return {Reason::kTooManyOpens, "",
          absl::StrCat(key, what, per_second, " a second, on average over ",
                       kSeconds, " s"),
          std::max(wait, kLeastRetry),
          absl::StrCat("max_opens_per_second of ", key)};
}

}  // namespace

std::string OpenLimits::KeyOf(const std::string& principal,
                              const std::string& peer) {
  if (principal != kAnonymous) return principal;
  return absl::StrCat(kAnonymous, " at ", AddressOfPeer(peer));
}

Refusal OpenLimits::OnCall(const std::string& key, int per_second,
                           MonotonicTime now) {
  const std::lock_guard lock(openers_mutex_);
  Opener& opener = Find(key, per_second, now);
  if (per_second > 0) {
    const int64_t burst = int64_t{per_second} * kSeconds;
    // It has had its answer, many times.
    if (opener.refused.WaitFor(1, now).count() > 0) {
      opener.refused.TakeAnyway(1, now);
      return TooMany(key, per_second, " may begin no more calls than ",
                     opener.refused.WaitFor(1, now));
    }
    // Calls that say nothing; and those that open and open again.
    if (opener.unsettled >= burst) {
      opener.refused.TakeAnyway(1, now);
      return TooMany(key, per_second, " has begun calls without Open: ",
                     std::chrono::seconds(1));
    }
    if (opener.opens.WaitFor(1 - burst, now).count() > 0) {
      opener.refused.TakeAnyway(1, now);
      return TooMany(key, per_second, " may begin no more calls than ",
                     opener.opens.WaitFor(1, now));
    }
  }
  ++opener.unsettled;
  return Refusal::None();
}

Refusal OpenLimits::OnOpen(const std::string& key, int per_second,
                           MonotonicTime now) {
  const std::lock_guard lock(openers_mutex_);
  Opener& opener = Find(key, per_second, now);
  if (opener.opens.Take(1, now)) return Refusal::None();
  opener.refused.TakeAnyway(1, now);
  return TooMany(key, per_second, " may open no more streams than ",
                 opener.opens.WaitFor(1, now));
}

void OpenLimits::Charge(const std::string& key, int per_second,
                        MonotonicTime now) {
  const std::lock_guard lock(openers_mutex_);
  Find(key, per_second, now).opens.TakeAnyway(1, now);
}

void OpenLimits::Settle(const std::string& key) {
  const std::lock_guard lock(openers_mutex_);
  const auto opener = openers_.find(key);
  if (opener != openers_.end()) --opener->second.unsettled;
}

bool OpenLimits::Floods(const std::string& key, MonotonicTime now) const {
  const std::lock_guard lock(openers_mutex_);
  const auto opener = openers_.find(key);
  return opener != openers_.end() &&
         opener->second.refused.WaitFor(1, now).count() > 0;
}

size_t OpenLimits::size() const {
  const std::lock_guard lock(openers_mutex_);
  return openers_.size();
}

OpenLimits::Opener& OpenLimits::Find(const std::string& key, int per_second,
                                     MonotonicTime now) {
  const auto found = openers_.find(key);
  if (found != openers_.end()) {
    found->second.opens.SetRate(per_second, now);
    found->second.refused.SetRate(kRefused * per_second, now);
    return found->second;
  }
  if (openers_.size() >= forget_at_) Forget(now);
  return openers_
      .emplace(key,
               Opener{TokenBucket(per_second, kSeconds, now),
                      TokenBucket(kRefused * per_second, kSeconds, now), 0})
      .first->second;
}

// Of those that did nothing for a while there is nothing to be known.
void OpenLimits::Forget(MonotonicTime now) {
  std::erase_if(openers_, [now](const auto& opener) {
    return opener.second.unsettled == 0 && opener.second.opens.full(now) &&
           opener.second.refused.full(now);
  });
  forget_at_ = std::max(kForgetAt, 2 * openers_.size());
}

}  // namespace earshot
