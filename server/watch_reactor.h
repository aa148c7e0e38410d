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
#include "server/stream_filter.h"
#include "server/stream_registry.h"

namespace earshot {

// One WatchStreams call. What is to be told is a set of names; the message is
// made when it can be written, so a slow reader gets fewer and fresh ones, each
// stream in its turn. Then the filter is asked, too.
// Threads: gRPC's for the On... methods, the watching one for Tick().
class WatchReactor : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                     public std::enable_shared_from_this<WatchReactor> {
 public:
  // What is watched: of the streams that the caller may see.
  struct Wanted {
    std::string name;  // empty: all of them
    StreamFilter filter;
    std::chrono::milliseconds interval{1000};
  };
  static std::shared_ptr<WatchReactor> Create(Caller caller,
                                              const StreamRegistry* registry,
                                              Wanted wanted);

  // Looks for what is to be told. False if the call has ended.
  bool Tick(MonotonicTime now);
  void EndCall(const grpc::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(Caller caller, const StreamRegistry* registry, Wanted wanted);

  void Collect(MonotonicTime now);
  void WriteNext(MonotonicTime now);
  bool MakeResponse(const std::string& name, MonotonicTime now);

  const Caller caller_;
  const StreamRegistry* const registry_;
  const Wanted wanted_;
  std::shared_ptr<WatchReactor> self_;  // until OnDone

  std::mutex call_mutex_;  // guards what follows
  grpc::ByteBuffer response_;
  std::map<std::string, SessionState> states_;  // of all that there are
  std::set<std::string> to_tell_;
  std::set<std::string> told_;  // and not said to be gone
  std::string last_;            // that was written: others come first
  MonotonicTime next_round_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_WATCH_REACTOR_H_
