#ifndef EARSHOT_SERVER_PLAYOUT_NEWS_H_
#define EARSHOT_SERVER_PLAYOUT_NEWS_H_

#include <memory>

#include "server/epoch.h"
#include "server/listen/played.h"
#include "server/listen/sound_feed.h"
#include "server/playout_observer.h"
#include "server/stream_types.h"

namespace earshot {

// Tells those who listen, and the recording, what a stream's play-out does: the
// steps of its epochs as events that need no jitter buffer to be understood.
// Thread: the play-out's; feed() is anybody's.
class PlayoutNews {
 public:
  // Who is told, too; nobody: null. Not while a step is told.
  void SetObserver(PlayoutObserver* observer) { observer_ = observer; }

  // An epoch begins to be played.
  void Begin(const EpochParams& params, MonotonicTime due);
  // A step was done, whose sound is heard from `due` on. `dropped_frames`: what
  // the decoder of its packet put out before that.
  void Did(Epoch::Step step, int dropped_frames, MonotonicTime due);
  // The epoch had nothing to play: it stands still, or it is silent and nobody
  // knows yet for how long.
  void HadNothing(const Epoch& epoch, const Epoch::Step& step,
                  MonotonicTime due);
  // It was played to its end.
  void End(const Epoch& epoch, MonotonicTime due);

  const std::shared_ptr<SoundFeed>& feed() const { return feed_; }

 private:
  void Publish(Played played);

  const std::shared_ptr<SoundFeed> feed_ = std::make_shared<SoundFeed>();
  PlayoutObserver* observer_ = nullptr;
  bool restarted_ = false;  // the decoder, since the last packet
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_PLAYOUT_NEWS_H_
