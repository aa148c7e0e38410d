#ifndef EARSHOT_SERVER_LISTEN_LISTENERS_H_
#define EARSHOT_SERVER_LISTEN_LISTENERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/access/caller.h"
#include "server/listen/feed_reader.h"
#include "server/refusal.h"
#include "server/stream_registry.h"
#include "server/stream_types.h"

namespace earshot {

// One who listens, over gRPC or a WebSocket.
class Listener {
 public:
  virtual ~Listener() = default;
  // There may be news: writes what can be written. Does not block.
  virtual void Wake(MonotonicTime now) = 0;
  // The server goes.
  virtual void End(const Refusal& why) = 0;
};

// All who listen, and the one thread that wakes them: so the play-out's
// threads, which only say that they have ticked, are not held up by listeners,
// however many there are. Thread-safe.
class Listeners {
 public:
  // In all. A waking looks at each of them.
  static constexpr size_t kMost = 1000;

  // Outlived by the registry.
  explicit Listeners(const StreamRegistry* registry);
  ~Listeners();

  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // A place in the stream's feed, for a caller who may listen to it.
  Refusal Admit(const Caller& caller, const std::string& name,
                std::unique_ptr<FeedReader>* reader) const;
  // It is woken from now on, at once at first, for as long as it lives.
  void Add(const std::shared_ptr<Listener>& listener);

  // Streams may have something new. Costs next to nothing; any thread.
  void Wake();
  // Ends all, also those to come. Once the streams are closed: their last words
  // are told. Nobody is woken any more when it returns.
  void Stop();

 private:
  std::vector<std::shared_ptr<Listener>> Living();
  void Run();

  const StreamRegistry* const registry_;
  mutable std::mutex listeners_mutex_;  // guards what follows
  std::vector<std::weak_ptr<Listener>> listeners_;
  bool stopped_ = false;

  std::atomic<bool> any_{false};  // that may want to be woken
  std::atomic<uint32_t> wakings_{0};
  std::thread thread_;  // last: uses the others
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_LISTENERS_H_
