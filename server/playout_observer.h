#ifndef EARSHOT_SERVER_PLAYOUT_OBSERVER_H_
#define EARSHOT_SERVER_PLAYOUT_OBSERVER_H_

#include "server/listen/played.h"

namespace earshot {

// Who is told what one epoch plays, besides those who listen: its recording.
class PlayoutObserver {
 public:
  virtual ~PlayoutObserver() = default;
  // As it is played, by whoever pulls. Does not block.
  virtual void OnPlayed(const Played& played) = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_PLAYOUT_OBSERVER_H_
