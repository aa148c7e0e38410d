#ifndef EARSHOT_SERVER_STREAM_ENTRY_H_
#define EARSHOT_SERVER_STREAM_ENTRY_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/play_volume.h"
#include "server/refusal.h"
#include "server/session.h"
#include "server/stream_types.h"

namespace earshot {

// Who a stream is: what Open said.
struct StreamInfo {
  std::string name;  // vms/{vm}/streams/{id}; of a probe vms/{vm}/probes/{id}
  std::string vm;
  std::string id;
  std::string peer;
  // Of all calls that spoke for the stream, the last 8, the newest first. Kept
  // by StreamEntry.
  std::vector<std::string> peers = {};
  std::string principal;  // whose it is
  std::string client;
  std::map<std::string, std::string> labels;
  bool probe = false;  // nobody is to hear it
  std::chrono::system_clock::time_point open_time;
};

// How a stream stands, for an operator.
struct StreamView {
  StreamInfo info;
  SessionStats stats;
};

// What others may want of a call. Harmless once it has ended.
struct CallHandle {
  std::function<void(const Refusal&)> end;
  // The client is to leave within so many ms.
  std::function<void(int)> go_away;
  // Says what there is to be said.
  std::function<void()> flush;
};

// A stream at the server: its session, and the call that speaks for it. The
// session stays, calls come and go. Thread-safe; its lock is held for no call
// out but the session's.
class StreamEntry {
 public:
  // The name and the principal in `info` never change. `volume` is that of the
  // name.
  StreamEntry(
      const StreamInfo& info, const PlayoutConfig& config,
      std::shared_ptr<PlayVolume> volume = std::make_shared<PlayVolume>());

  const std::string& name() const { return name_; }
  const std::string& principal() const { return principal_; }
  const std::string& token() const { return token_; }
  const std::shared_ptr<Session>& session() const { return session_; }
  const std::shared_ptr<PlayVolume>& volume() const { return volume_; }
  StreamInfo info() const;
  StreamView View(MonotonicTime now) const;

  // What came of a call that wants to speak for the stream.
  struct Attached {
    Attachment attachment;
    CallHandle before;  // the call that spoke for it, to be ended; may be empty
  };
  // Nothing if the session takes no more calls.
  std::optional<Attached> Attach(const StreamInfo& info, CallHandle call,
                                 uint64_t oldest_epoch, MonotonicTime now);
  // The same, if the token is the right one.
  std::optional<Attached> Resume(absl::string_view token,
                                 const StreamInfo& info, CallHandle call,
                                 uint64_t oldest_epoch, MonotonicTime now);
  // Another stream takes its name: it plays what it has, and its call ends.
  void Replace(const Refusal& why, MonotonicTime now);

  void GoAway(int deadline_ms);
  void Flush();

 private:
  CallHandle call() const;

  const std::string name_;
  const std::string principal_;
  const std::string token_;
  const std::shared_ptr<PlayVolume> volume_;
  const std::shared_ptr<Session> session_;
  mutable std::mutex call_mutex_;  // guards what follows
  StreamInfo info_;
  CallHandle call_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_ENTRY_H_
