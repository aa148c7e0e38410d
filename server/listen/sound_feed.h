#ifndef EARSHOT_SERVER_LISTEN_SOUND_FEED_H_
#define EARSHOT_SERVER_LISTEN_SOUND_FEED_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/listen/listen_messages.h"
#include "server/listen/played.h"
#include "server/play_volume.h"
#include "server/session_state.h"
#include "server/stream_types.h"

namespace earshot {

// How a stream stands, for those who listen.
struct FeedStatus {
  SessionState state = SessionState::kIdle;
  std::chrono::nanoseconds sink_latency{0};
  VolumeSetting volume;
};

// What one stream has played of late: one ring of events, of which each
// listener (a FeedReader) is but a place. So listeners cost the stream nothing,
// however slow they are, and each event becomes bytes once, when the first of
// them reads it.
//
// The play-out adds, one thread at a time; any thread reads.
class SoundFeed {
 public:
  // Sound from before, for decoders of those who join: RFC 7845 wants 80 ms.
  static constexpr std::chrono::milliseconds kPreRoll{120};
  // A listener who is further behind is moved forward.
  static constexpr std::chrono::milliseconds kPatience{500};
  static constexpr std::chrono::milliseconds kClockInterval{500};

  // --- The play-out.
  void Add(Played played);
  // Every few milliseconds.
  void Tick(const FeedStatus& status, MonotonicTime now);
  // Nothing will be added any more.
  void Close(std::string reason);

  // The number that the next event will have: another one, if there is news.
  // Without a lock.
  uint64_t end() const { return end_.load(std::memory_order_acquire); }
  // Those who listen.
  size_t readers() const;
  // Events that it holds.
  size_t kept() const;

 private:
  friend class FeedReader;

  struct Event {
    MonotonicTime time;
    std::optional<Played> played;          // none: of the feed itself
    std::optional<ListenMessage> message;  // once somebody read it
  };

  // Where a reader is.
  struct Place {
    bool joined = false;  // it was told how things stand
    uint64_t next = 0;    // the event that it reads next
    int64_t packets = 0;  // that came before it
    bool closed = false;  // it was told that nothing will follow
  };
  void AddReader(const Place* place);
  void RemoveReader(const Place* place);
  // The next messages; none if there is no news.
  std::vector<ListenMessage> Read(Place* place, MonotonicTime now);

  void Push(Event event);
  void Forget();
  bool ReadByAll(uint64_t number);
  bool Repeats(const Played& played) const;
  uint64_t first() const { return end_.load() - events_.size(); }
  // How things stand, and the place from which to go on.
  std::vector<ListenMessage> Snapshot(Place* place, MonotonicTime now);
  uint64_t PreRollStart() const;
  int64_t PacketsBefore(uint64_t number) const;

  mutable std::mutex feed_mutex_;  // guards what follows
  std::deque<Event> events_;
  std::atomic<uint64_t> end_{0};  // also read without the lock
  std::vector<const Place*> readers_;
  uint64_t slowest_ = 0;  // no reader is behind this one
  FeedStatus status_;
  MonotonicTime next_clock_;
  std::optional<EpochParams> epoch_;  // that is under way
  uint64_t epoch_begin_ = 0;          // the event behind its start
  MonotonicTime newest_due_;
  // The last event, if no sound has come since: silence or standstill.
  std::optional<Played> quiet_;
  int64_t packets_ = 0;  // that ever were added
  std::optional<std::string> close_reason_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_SOUND_FEED_H_
