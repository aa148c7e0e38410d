#ifndef EARSHOT_SERVER_OPEN_SILENCE_H_
#define EARSHOT_SERVER_OPEN_SILENCE_H_

#include <algorithm>
#include <cstdint>
#include <utility>

namespace earshot {

// The books of silence that is played before its end is known. Should the
// client end it at a position that was passed already (its source was starved,
// or the network was late), the play-out goes back there; so that a recording
// stays exact, silence counts as recordable only once the client has confirmed
// it, or once so much more was played.
// Thread: none of its own. Counts are frames.
class OpenSilence {
 public:
  explicit OpenSilence(int64_t hold_back) : hold_back_(hold_back) {}

  // So much was played, and is heard.
  void Play(int64_t frames) {
    unconfirmed_ += frames;
    Confirm(std::max<int64_t>(0, unconfirmed_ - hold_back_));
  }
  // It is known up to where it goes: `too_far` of what was played is taken
  // back.
  void Settle(int64_t too_far) {
    unconfirmed_ = std::max<int64_t>(0, unconfirmed_ - too_far);
    Confirm(unconfirmed_);
  }
  // What has become recordable since the last call.
  int64_t TakeRecordable() { return std::exchange(recordable_, 0); }
  bool has_recordable() const { return recordable_ > 0; }

 private:
  void Confirm(int64_t frames) {
    unconfirmed_ -= frames;
    recordable_ += frames;
  }

  const int64_t hold_back_;
  int64_t unconfirmed_ = 0;
  int64_t recordable_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_OPEN_SILENCE_H_
