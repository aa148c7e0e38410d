#include "server/margin_history.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace earshot {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kUnit = std::chrono::microseconds(250);

}  // namespace

void MarginHistory::Add(nanoseconds margin, MonotonicTime now) {
  const int64_t number = NumberOf(now);
  Slot& slot = slots_[static_cast<size_t>(number) % kSlots];
  if (slot.number != number) {
    slot.number = number;
    slot.min = margin;
    slot.counts.clear();
  }
  slot.min = std::min(slot.min, margin);
  const auto bucket = static_cast<uint16_t>(BucketOf(margin));
  auto count =
      std::find_if(slot.counts.begin(), slot.counts.end(),
                   [bucket](const Count& one) { return one.bucket == bucket; });
  if (count == slot.counts.end()) {
    count = slot.counts.insert(count, {bucket, 0});
  }
  if (count->packets < std::numeric_limits<uint16_t>::max()) ++count->packets;
}

std::optional<MarginQuantiles> MarginHistory::Quantiles(
    MonotonicTime now) const {
  const int64_t newest = NumberOf(now);
  std::array<int64_t, kBuckets> counts{};
  int64_t total = 0;
  nanoseconds min = nanoseconds::max();
  for (const Slot& slot : slots_) {
    if (slot.number < 0 || newest - slot.number >= int64_t{kSlots}) continue;
    min = std::min(min, slot.min);
    for (const Count& one : slot.counts) {
      counts[one.bucket] += one.packets;
      total += one.packets;
    }
  }
  if (total == 0) return std::nullopt;
  // At most so many percent of the packets came later.
  const auto at = [&](int64_t percent) {
    const int64_t rank = total * percent / 100;
    int64_t passed = 0;
    size_t bucket = 0;
    while (bucket + 1 < kBuckets && passed + counts[bucket] <= rank) {
      passed += counts[bucket++];
    }
    return std::max(min, BottomOf(bucket));
  };
  return MarginQuantiles{min, at(1), at(10), at(50), at(90)};
}

int64_t MarginHistory::NumberOf(MonotonicTime now) {
  return std::max<int64_t>(
      0,
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) / kSlot);
}

size_t MarginHistory::BucketOf(nanoseconds margin) {
  const bool late = margin < nanoseconds(0);
  // Rounded away from 0 where it is late: a bucket holds what is not less than
  // its bottom.
  const int64_t size =
      late ? -((margin + nanoseconds(1)) / kUnit) : margin / kUnit;
  int index = static_cast<int>(std::min<int64_t>(size, kLinear - 1));
  if (size >= kLinear) {
    const int doubling =
        std::min(static_cast<int>(std::bit_width(static_cast<uint64_t>(size))) -
                     static_cast<int>(std::bit_width(unsigned{kLinear})),
                 kDoublings - 1);
    const int64_t step = (int64_t{kLinear} << doubling) / kPerDoubling;
    const int64_t within = std::min<int64_t>(
        (size - (int64_t{kLinear} << doubling)) / step, kPerDoubling - 1);
    index = kLinear + doubling * kPerDoubling + static_cast<int>(within);
  }
  return static_cast<size_t>(late ? kOfSign - 1 - index : kOfSign + index);
}

nanoseconds MarginHistory::BottomOf(size_t bucket) {
  const int index = static_cast<int>(bucket) - kOfSign;
  if (index >= 0) return BottomOfSize(index) * kUnit;
  return -BottomOfSize(-index) * kUnit;
}

int64_t MarginHistory::BottomOfSize(int index) {
  if (index < kLinear) return index;
  const int doubling = (index - kLinear) / kPerDoubling;
  const int within = (index - kLinear) % kPerDoubling;
  const int64_t bottom = int64_t{kLinear} << doubling;
  return bottom + within * bottom / kPerDoubling;
}

}  // namespace earshot
