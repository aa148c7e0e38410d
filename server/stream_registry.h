#ifndef EARSHOT_SERVER_STREAM_REGISTRY_H_
#define EARSHOT_SERVER_STREAM_REGISTRY_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/access/quotas.h"
#include "server/play_volume.h"
#include "server/refusal.h"
#include "server/stream_entry.h"
#include "server/stream_types.h"

namespace earshot {

// The streams that are open, and what all that ever were have come to.
struct StreamOverview {
  std::vector<StreamView> open;
  int64_t opened = 0;
  StreamTotals total;
};

// The streams of the server by name: those that are open, and, so that their
// accounting can be looked at, those that were closed in the last minutes.
// Thread-safe.
class StreamRegistry {
 public:
  static constexpr size_t kMaxSessions = 1000;
  static constexpr size_t kMaxClosed = 100;
  static constexpr std::chrono::minutes kKeepClosed{10};

  using Entry = StreamEntry;

  // Adds it as the stream of its name, if the quotas allow it, and if the one
  // of that name before it is of the same principal. That one is handed back:
  // its call is to be ended.
  Refusal Add(const std::shared_ptr<Entry>& entry, const Quotas& quotas,
              std::shared_ptr<Entry>* replaced);
  // Its session is closed: only its accounting is kept.
  void Close(const std::shared_ptr<Entry>& entry, MonotonicTime now);

  // The volume of the streams of that name: the one that is open or was closed
  // lately, or 0 dB.
  std::shared_ptr<PlayVolume> VolumeOf(const std::string& name) const;
  // Sets it; false if there is no such stream.
  bool SetVolume(const std::string& name, const VolumeSetting& volume,
                 MonotonicTime now);

  // The open stream of that name; null if there is none.
  std::shared_ptr<Entry> FindOpen(const std::string& name) const;
  // By name, from behind `after`; at most `most`, of those that are `wanted`.
  std::vector<StreamView> List(
      const std::string& after, size_t most, MonotonicTime now,
      const std::function<bool(const StreamInfo&)>& wanted) const;
  std::optional<StreamView> Find(const std::string& name,
                                 MonotonicTime now) const;
  std::vector<std::shared_ptr<Entry>> OpenEntries() const;
  // Its totals never go back.
  StreamOverview Overview(MonotonicTime now) const;

  // Waits until every session is closed, or does nothing until its client comes
  // back. False if `deadline` came first.
  bool WaitUntilPlayed(MonotonicTime deadline) const;

 private:
  struct Closed {
    StreamView view;
    MonotonicTime time;
    std::shared_ptr<PlayVolume> volume;
  };

  Refusal CheckOwner(const Entry& entry) const;
  Refusal CheckQuotas(const Entry& entry, const Quotas& quotas) const;
  void Expire(MonotonicTime now) const;
  std::deque<Closed>::iterator FindClosed(const std::string& name) const;

  mutable std::mutex streams_mutex_;  // guards everything
  mutable std::condition_variable one_closed_;
  std::map<std::string, std::shared_ptr<Entry>> open_;
  mutable std::deque<Closed> closed_;  // the oldest first, names are unique
  std::set<std::shared_ptr<Entry>> sessions_;  // also those that were replaced
  int64_t opened_ = 0;
  StreamTotals over_;  // of the sessions that are no more
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_REGISTRY_H_
