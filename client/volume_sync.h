#ifndef EARSHOT_CLIENT_VOLUME_SYNC_H_
#define EARSHOT_CLIENT_VOLUME_SYNC_H_

#include <cstdint>

#include "client/player_types.h"

namespace earshot {

// The volume of a stream, which its source sets and others may set at the
// server: the server decides which was last. What it says counts, but not while
// it has not heard what the source has set: a source that moves a slider would
// see it jump back. A Ping that follows tells when it has; until then nothing
// more is said, so a source that sets it all the time says it once a round
// trip. A server that knows nothing is told again.
//
// Knows no call: its owner says what is due, and tells what was heard.
// Thread: the loop of its owner.
class VolumeSync {
 public:
  const PlayerVolume& volume() const { return volume_; }
  // The source sets it.
  void Set(const PlayerVolume& volume);

  // A call is open, over which nothing was said or heard of it so far.
  void OnOpened(bool resumed);
  // Whether the server is to be asked what it knows, with a Ping; before that
  // it is to be told volume() if TakeUnsaid().
  bool due() const { return ping_ == 0 && (unsaid_ || unsure_); }
  bool TakeUnsaid();
  void OnAsked(uint64_t ping_id);

  // What the server says. Both return whether volume() has changed.
  bool OnVolume(const PlayerVolume& volume);
  bool OnEcho(uint64_t ping_id);

 private:
  bool Settle();

  PlayerVolume volume_;
  PlayerVolume server_;  // as it said last on this call; 0 dB if nothing
  bool unsaid_ = false;  // it is to be told
  bool said_ = false;    // it was, and has not confirmed it
  bool unsure_ = false;  // what it knows is not known yet
  uint64_t ping_ = 0;    // whose echo is waited for; 0: none
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_VOLUME_SYNC_H_
