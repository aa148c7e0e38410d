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
#include <string>
#include <vector>

#include "server/refusal.h"
#include "server/session.h"
#include "server/stream_types.h"

namespace earshot {

// Who a stream is: what Open said.
struct StreamInfo {
  std::string name;  // vms/{vm}/streams/{id}
  std::string vm;
  std::string id;
  std::string peer;
  std::string client;
  std::map<std::string, std::string> labels;
  std::chrono::system_clock::time_point open_time;
};

// How a stream stands, for an operator.
struct StreamView {
  StreamInfo info;
  SessionStats stats;
};

// The streams of the server by name: those that are open, and, so that their
// accounting can be looked at, those that were closed in the last minutes.
// Thread-safe.
class StreamRegistry {
 public:
  static constexpr size_t kMaxSessions = 1000;
  static constexpr size_t kMaxClosed = 100;
  static constexpr std::chrono::minutes kKeepClosed{10};

  // A stream with a call, or one that plays what its call left.
  struct Entry {
    StreamInfo info;
    std::shared_ptr<Session> session;
    // Ends the call; does nothing if it has ended.
    std::function<void(const Refusal&)> end_call;
    // Tells the client that the server goes, within so many ms.
    std::function<void(int)> go_away;
  };

  // Adds it as the stream of its name. The one of that name before it is
  // handed back: its call is to be ended.
  Refusal Add(const std::shared_ptr<Entry>& entry,
              std::shared_ptr<Entry>* replaced);
  // Its session is closed: only its accounting is kept.
  void Close(const std::shared_ptr<Entry>& entry, MonotonicTime now);

  // By name, from behind `after`; at most `most`.
  std::vector<StreamView> List(const std::string& after, size_t most,
                               MonotonicTime now) const;
  std::optional<StreamView> Find(const std::string& name,
                                 MonotonicTime now) const;
  std::vector<std::shared_ptr<Entry>> OpenEntries() const;

  // Waits until every session is closed. False if `deadline` came first.
  bool WaitUntilClosed(MonotonicTime deadline) const;

 private:
  struct Closed {
    StreamView view;
    MonotonicTime time;
  };

  void Expire(MonotonicTime now) const;

  mutable std::mutex streams_mutex_;  // guards everything
  mutable std::condition_variable all_closed_;
  std::map<std::string, std::shared_ptr<Entry>> open_;
  mutable std::deque<Closed> closed_;  // the oldest first, names are unique
  size_t sessions_ = 0;                // also those that were replaced
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_REGISTRY_H_
