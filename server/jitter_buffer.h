#ifndef EARSHOT_SERVER_JITTER_BUFFER_H_
#define EARSHOT_SERVER_JITTER_BUFFER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>

#include "server/refusal.h"

namespace earshot {

// What came of an attempt to add an item.
enum class [[nodiscard]] AddResult{
    kAdded,
    kNotContiguous,  // it does not begin where the last item ended
    kBadCount,       // fewer frames than one
    kTooFar,         // positions beyond kMaxPosition
    kNotGranted,     // it ends beyond the grant
    kTooManyBytes,   // the buffer holds as many bytes as it may
    kEnded,          // the epoch has ended
};

// What one epoch still has to play: packets, digital silence and skips, without
// gaps, in the order of their positions. Bounded in frames by the grant, and in
// bytes; what does not fit is refused, never dropped.
//
// Silence is open-ended until the next item or the end closes it.
// Positions are frames of the stream. Passive: it knows no clock and no codec.
// Thread: none of its own; its owner serializes calls.
class JitterBuffer {
 public:
  static constexpr int64_t kOpenEnd = std::numeric_limits<int64_t>::max();

  struct Item {
    enum class Kind { kPacket, kSilence, kSkip };
    Kind kind;
    int64_t first_frame;
    int64_t end_frame;    // kOpenEnd while silence is open-ended
    std::string payload;  // of a packet
  };

  JitterBuffer(int64_t first_frame, size_t max_bytes);

  // A packet may have no frames: one that holds only what the decoder drops.
  AddResult AddPacket(int64_t first_frame, int64_t frame_count,
                      std::string payload, int64_t granted_frame);
  AddResult AddSilence(int64_t first_frame);
  // Skips need no grant: the play-out passes over them at once.
  AddResult AddSkip(int64_t first_frame, int64_t frame_count);
  // Nothing is added after it. In silence the end needs a grant, else it is
  // where the last item ended.
  AddResult End(int64_t end_frame, int64_t granted_frame);
  // Why it was not added, for the client: `field` is what it said.
  Refusal Explain(AddResult result, const char* field, int64_t first_frame,
                  int64_t frame_count, int64_t granted_frame) const;
  // It may hold so many bytes; never less than before.
  void Allow(size_t max_bytes) { max_bytes_ = std::max(max_bytes_, max_bytes); }

  // The oldest item; null if there is none.
  const Item* front() const { return items_.empty() ? nullptr : &items_[0]; }
  Item PopFront();

  // Where the next item has to begin; in open silence, where it began.
  int64_t end_frame() const { return end_frame_; }
  bool in_open_silence() const;
  bool ended() const { return ended_; }
  // Frames of the skips in the buffer: positions that take no time to play.
  int64_t skip_frames() const { return skip_frames_; }
  // Payloads, and a fixed cost for each item.
  size_t bytes() const { return bytes_; }
  size_t max_bytes() const { return max_bytes_; }

 private:
  AddResult CheckPosition(int64_t first_frame, int64_t frame_count) const;
  void CloseSilence(int64_t end_frame);
  AddResult Push(Item item);

  size_t max_bytes_;
  std::deque<Item> items_;
  int64_t end_frame_;
  int64_t skip_frames_ = 0;
  size_t bytes_ = 0;
  bool ended_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_JITTER_BUFFER_H_
