#ifndef EARSHOT_DEVICE_VIRTIO_INFLIGHT_LOG_H_
#define EARSHOT_DEVICE_VIRTIO_INFLIGHT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace earshot {

// Which buffers of a split queue the device has taken and not given back, and
// in which order it took them. A device may give them back in any order, so
// the ring itself does not tell; whoever runs the queue next (after a pause, or
// in another process after this one died) finds it here.
//
// The layout is vhost-user's ("Inflight I/O tracking", QueueRegionSplit), since
// the memory may be one that a VMM keeps; it is foreign then, and judged as
// such. It may be cut off at any instruction: what is half done is undone or
// finished by the next Resume(). Thread: the queue's.
class InflightLog {
 public:
  // Bytes for a queue of that many entries. A multiple of 64, as other
  // back-ends have it, so that a VMM's buffer is laid out as theirs.
  static constexpr size_t SizeFor(uint16_t entries) {
    return (sizeof(Header) + size_t{entries} * sizeof(Entry) + 63) / 64 * 64;
  }

  // `memory` has SizeFor(entries) bytes, is aligned to 8, and outlives the log.
  // Zeros are an empty log.
  InflightLog(absl::Span<uint8_t> memory, uint16_t entries);

  // The queue begins, or goes on, with the indices that its rings in memory
  // have. Returns the heads that are to be offered to the device again, in the
  // order in which it took them. A log that does not fit the rings is of
  // another life of them: it is emptied.
  std::vector<uint16_t> Resume(uint16_t used_index, uint16_t avail_index);

  // The device takes the chain at `head`, which is below the entries.
  void Take(uint16_t head);
  // It gives it back: before the used index is raised, and after.
  void BeginUse(uint16_t head);
  void EndUse(uint16_t head, uint16_t used_index);

  // Nothing is in flight.
  void Clear(uint16_t used_index);

 private:
  struct Header {
    uint64_t features;
    uint16_t version;  // 0: never written
    uint16_t entries;
    uint16_t last_batch_head;  // the list of what was used last
    uint16_t used_index;       // as the used ring had it
  };
  static_assert(sizeof(Header) == 16);
  struct Entry {
    uint8_t in_flight;
    uint8_t padding[5];
    uint16_t next;     // in the list of what was used last
    uint64_t counter;  // order of taking
  };
  static_assert(sizeof(Entry) == 16);

  Header& header() const { return *reinterpret_cast<Header*>(memory_.data()); }
  Entry& entry(uint16_t head) const {
    return reinterpret_cast<Entry*>(memory_.data() + sizeof(Header))[head];
  }
  // Finishes what was being given back at the end; false if that makes no
  // sense.
  bool FinishLastBatch(uint16_t used_index);

  absl::Span<uint8_t> memory_;
  uint16_t entries_;
  uint64_t counter_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_VIRTIO_INFLIGHT_LOG_H_
