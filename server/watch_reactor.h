#ifndef EARSHOT_SERVER_WATCH_REACTOR_H_
#define EARSHOT_SERVER_WATCH_REACTOR_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "server/access/caller.h"
#include "server/stream_registry.h"

namespace earshot {

// One WatchStreams call. What is to be told is a set of names; the message is
// made when it can be written, so a slow reader gets fewer and fresh ones.
// Threads: gRPC's for the On... methods, the watching one for Tick().
class WatchReactor : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                     public std::enable_shared_from_this<WatchReactor> {
 public:
  // `name` may be empty: all streams that the caller may see.
  static std::shared_ptr<WatchReactor> Create(
      Caller caller, const StreamRegistry* registry, std::string name,
      std::chrono::milliseconds interval);

  // Looks for what is to be told. False if the call has ended.
  bool Tick(MonotonicTime now);
  void EndCall(const grpc::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(Caller caller, const StreamRegistry* registry, std::string name,
               std::chrono::milliseconds interval);

  void Collect(MonotonicTime now);
  void WriteNext(MonotonicTime now);

  const Caller caller_;
  const StreamRegistry* const registry_;
  const std::string name_;
  const std::chrono::milliseconds interval_;
  std::shared_ptr<WatchReactor> self_;  // until OnDone

  std::mutex call_mutex_;  // guards what follows
  grpc::ByteBuffer response_;
  std::map<std::string, SessionState> states_;  // as they were told
  std::set<std::string> to_tell_;
  MonotonicTime next_round_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_WATCH_REACTOR_H_
