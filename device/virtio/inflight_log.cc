#include "device/virtio/inflight_log.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <utility>

namespace earshot {
namespace {

constexpr uint16_t kVersion = 1;

// What was written before is in memory before what follows: as whoever finds
// the memory after this process was killed sees it.
void Order() { std::atomic_signal_fence(std::memory_order_seq_cst); }

template <typename T>
void Store(T& field, T value) {
  std::atomic_ref<T>(field).store(value, std::memory_order_relaxed);
}

template <typename T>
T Load(T& field) {
  return std::atomic_ref<T>(field).load(std::memory_order_relaxed);
}

}  // namespace

InflightLog::InflightLog(absl::Span<uint8_t> memory, uint16_t entries)
    : memory_(memory), entries_(entries) {
  assert(memory.size() >= SizeFor(entries));
  assert(reinterpret_cast<uintptr_t>(memory.data()) % alignof(Entry) == 0);
}

void InflightLog::Clear(uint16_t used_index) {
  Store(header().version, uint16_t{0});  // worth nothing until it is whole
  Order();
  for (int i = 0; i < entries_; ++i) {
    std::memset(&entry(i), 0, sizeof(Entry));
  }
  Store(header().features, uint64_t{0});
  Store(header().entries, entries_);
  Store(header().last_batch_head, uint16_t{0});
  Store(header().used_index, used_index);
  Order();
  Store(header().version, kVersion);
  counter_ = 0;
}

bool InflightLog::FinishLastBatch(uint16_t used_index) {
  const uint16_t batch = used_index - Load(header().used_index);
  if (batch > entries_) return false;
  uint16_t head = Load(header().last_batch_head);
  for (int i = 0; i < batch; ++i) {
    if (head >= entries_) return false;
    Store(entry(head).in_flight, uint8_t{0});
    head = Load(entry(head).next);
  }
  Order();
  Store(header().used_index, used_index);
  return true;
}

std::vector<uint16_t> InflightLog::Resume(uint16_t used_index,
                                          uint16_t avail_index) {
  if (Load(header().version) != kVersion ||
      Load(header().entries) != entries_ || !FinishLastBatch(used_index)) {
    Clear(used_index);
    return {};
  }
  std::vector<std::pair<uint64_t, uint16_t>> taken;  // by order of taking
  for (int i = 0; i < entries_; ++i) {
    Entry& candidate = entry(i);
    if (Load(candidate.in_flight) == 0) continue;
    taken.emplace_back(Load(candidate.counter), static_cast<uint16_t>(i));
  }
  // No more can be out than were made available.
  if (taken.size() > static_cast<uint16_t>(avail_index - used_index)) {
    Clear(used_index);
    return {};
  }
  std::sort(taken.begin(), taken.end());
  counter_ = taken.empty() ? 0 : taken.back().first + 1;
  std::vector<uint16_t> heads;
  for (const auto& [counter, head] : taken) heads.push_back(head);
  return heads;
}

void InflightLog::Take(uint16_t head) {
  Store(entry(head).counter, counter_++);
  Order();
  Store(entry(head).in_flight, uint8_t{1});
}

void InflightLog::BeginUse(uint16_t head) {
  Store(entry(head).next, Load(header().last_batch_head));
  Order();
  Store(header().last_batch_head, head);
  Order();
}

void InflightLog::EndUse(uint16_t head, uint16_t used_index) {
  Order();
  Store(entry(head).in_flight, uint8_t{0});
  Order();
  Store(header().used_index, used_index);
}

}  // namespace earshot
