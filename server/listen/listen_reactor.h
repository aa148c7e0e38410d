#ifndef EARSHOT_SERVER_LISTEN_LISTEN_REACTOR_H_
#define EARSHOT_SERVER_LISTEN_LISTEN_REACTOR_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>

#include "server/listen/feed_reader.h"
#include "server/listen/listeners.h"
#include "server/refusal.h"

namespace earshot {

// One Listen call: reads on in its stream's feed whenever the last message was
// written. So of a listener who does not read nothing is held but his place.
// Threads: gRPC's for the On... methods, that of Listeners for the others.
class ListenReactor : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                      public Listener {
 public:
  static std::shared_ptr<ListenReactor> Create(
      std::unique_ptr<FeedReader> reader);

  void Wake(MonotonicTime now) override;
  void End(const Refusal& why) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  explicit ListenReactor(std::unique_ptr<FeedReader> reader);

  void WriteNext(MonotonicTime now);
  void FinishLocked(const grpc::Status& status);

  std::shared_ptr<ListenReactor> self_;  // until OnDone

  std::mutex call_mutex_;  // guards what follows
  std::unique_ptr<FeedReader> reader_;
  grpc::ByteBuffer response_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_LISTEN_REACTOR_H_
