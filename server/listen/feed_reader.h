#ifndef EARSHOT_SERVER_LISTEN_FEED_READER_H_
#define EARSHOT_SERVER_LISTEN_FEED_READER_H_

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "server/listen/sound_feed.h"

namespace earshot {

// One listener's place in a feed: first how things stand, then one event after
// the other; a MovedForward where it was too slow. StreamClosed is the last
// message. Thread: one at a time.
class FeedReader {
 public:
  explicit FeedReader(std::shared_ptr<SoundFeed> feed)
      : feed_(std::move(feed)) {
    feed_->AddReader(&place_);
  }
  ~FeedReader() { feed_->RemoveReader(&place_); }

  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  // Whether Next() has something. Without a lock.
  bool HasNews() const {
    return !pending_.empty() || !place_.joined || feed_->end() != place_.next;
  }
  // The next message; nothing if there is none yet.
  std::optional<ListenMessage> Next(MonotonicTime now);
  // Whether StreamClosed was the last one.
  bool at_end() const { return place_.closed && pending_.empty(); }

 private:
  const std::shared_ptr<SoundFeed> feed_;
  SoundFeed::Place place_;
  std::deque<ListenMessage> pending_;  // of a snapshot
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_FEED_READER_H_
