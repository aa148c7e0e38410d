#ifndef EARSHOT_CLIENT_CREDIT_WINDOW_H_
#define EARSHOT_CLIENT_CREDIT_WINDOW_H_

#include <cstdint>

namespace earshot {

// How far the service lets the sound of one epoch go. It does not throttle; it
// says what the service has granted. Positions are frames since the epoch
// began; the granted one never goes back within a call.
// Thread: the loop of its owner.
class CreditWindow {
 public:
  // The epoch begins, or goes on, on a call: what may be sent before the
  // service says more.
  void Begin(int64_t position, int64_t initial_frames);
  // Another call of the same server, which may not have heard of all skips:
  // what it has said itself counts, and skips that are said again.
  void Resume();
  // Progress came. Whether the position moved.
  bool Grant(int64_t granted_frame);
  // Skipped frames use no credit: the service holds nothing of them.
  void Skip(int64_t frame_count);

  int64_t granted_frame() const { return granted_frame_; }

 private:
  int64_t granted_frame_ = 0;
  int64_t server_granted_frame_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CREDIT_WINDOW_H_
