#ifndef EARSHOT_SINKS_PULSE_PLAYER_H_
#define EARSHOT_SINKS_PULSE_PLAYER_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "sinks/card_pull.h"
#include "sinks/pulse_connection.h"
#include "sinks/pulse_stream.h"

namespace earshot {

// The playback streams that this process has at a sound server, over one
// connection. A stream outlives the epoch that it plays: a beep pays neither
// for a connection nor for a stream, if there was one a moment ago.
// Any thread; each call takes the connection's lock.
class PulsePlayer {
 public:
  PulsePlayer();
  // What was pulled is heard before, if that takes no longer than a moment.
  ~PulsePlayer();

  PulsePlayer(const PulsePlayer&) = delete;
  PulsePlayer& operator=(const PulsePlayer&) = delete;

  // Begins to connect, unless it has: the first Play() does, too.
  void Connect();
  // The stream stays valid until it is given back. Nothing here fails.
  PulseStream* Play(const PulseStreamSpec& spec,
                    std::shared_ptr<CardPull> pull);
  // Returns how often the sound server had nothing to play.
  int64_t GiveBack(PulseStream* stream);

  // What is wrong with the stream, for people; empty if nothing is.
  std::string ProblemOf(const PulseStream& stream) const;

 private:
  std::once_flag connect_once_;
  std::list<std::unique_ptr<PulseStream>> streams_;  // with the loop's lock
  MonotonicTime heard_;                              // all that was pulled
  PulseConnection connection_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_PULSE_PLAYER_H_
