#ifndef EARSHOT_DEVICE_SOUND_TX_FIFO_H_
#define EARSHOT_DEVICE_SOUND_TX_FIFO_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "device/sound/tx_buffer.h"

namespace earshot {

// A stream's buffers in the order of the guest, each with its place in the
// epoch. Keeps its memory, so that a steady flow allocates nothing.
class TxFifo {
 public:
  struct Entry {
    TxBuffer buffer;
    int64_t begin = 0;  // position of its first frame
    int64_t end = 0;    // position behind its last frame
  };

  bool empty() const { return first_ == entries_.size(); }
  size_t size() const { return entries_.size() - first_; }
  Entry& front() { return entries_[first_]; }
  const Entry& front() const { return entries_[first_]; }
  // `index` counts from the front.
  const Entry& at(size_t index) const { return entries_[first_ + index]; }

  void Push(TxBuffer buffer, int64_t begin, int64_t end) {
    // A stream that never runs dry: close the gap now and then.
    if (first_ >= kGap && first_ >= size()) {
      entries_.erase(entries_.begin(),
                     entries_.begin() + static_cast<ptrdiff_t>(first_));
      first_ = 0;
    }
    entries_.push_back(Entry{std::move(buffer), begin, end});
  }

  // Forgets the front, which was answered.
  void Pop() {
    if (++first_ == entries_.size()) Clear();
  }

  void Clear() {
    entries_.clear();
    first_ = 0;
  }

 private:
  static constexpr size_t kGap = 64;

  std::vector<Entry> entries_;
  size_t first_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_TX_FIFO_H_
