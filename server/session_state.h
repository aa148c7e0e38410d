#ifndef EARSHOT_SERVER_SESSION_STATE_H_
#define EARSHOT_SERVER_SESSION_STATE_H_

namespace earshot {

// What a stream is doing; the values are those of earshot.v1.StreamState.
enum class SessionState {
  kIdle = 1,
  kPriming = 2,
  kPlaying = 3,
  kPaused = 4,
  kDraining = 5,
  kClosed = 6,
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SESSION_STATE_H_
