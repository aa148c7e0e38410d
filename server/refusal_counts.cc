#include "server/refusal_counts.h"

namespace earshot {

RefusalCounts& RefusalCounts::OfProcess() {
  static RefusalCounts counts;
  return counts;
}

void RefusalCounts::Count(Reason reason) {
  if (reason == Reason::kNone) return;
  counts_.at(static_cast<size_t>(reason))
      .fetch_add(1, std::memory_order_relaxed);
}

uint64_t RefusalCounts::of(Reason reason) const {
  return counts_.at(static_cast<size_t>(reason))
      .load(std::memory_order_relaxed);
}

}  // namespace earshot
