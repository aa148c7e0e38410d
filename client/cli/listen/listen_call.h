#ifndef EARSHOT_CLIENT_CLI_LISTEN_LISTEN_CALL_H_
#define EARSHOT_CLIENT_CLI_LISTEN_LISTEN_CALL_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>

#include "client/cli/admin_client.h"
#include "proto/earshot/v1/listen.grpc.pb.h"
#include "sinks/audio_sink.h"

namespace earshot {

// One Listen call, read by a thread of its own; what it reads is posted to a
// loop, with the time when it came. So many messages may wait there, then it
// reads no more: the server moves us forward.
// Thread: the loop's, but for what is inside.
class ListenCall {
 public:
  struct Handlers {
    std::function<void(const v1::ListenResponse&, MonotonicTime)> on_response;
    // The last one. `reached`: the server was.
    std::function<void(const grpc::Status&, bool reached)> on_end;
  };

  // Begins at once. All outlive it; nobody else uses `client` meanwhile.
  ListenCall(AdminClient* client, std::string name,
             boost::asio::io_context* loop, Handlers handlers);
  // Ends it; what was posted and not yet run does nothing.
  ~ListenCall();

  ListenCall(const ListenCall&) = delete;
  ListenCall& operator=(const ListenCall&) = delete;

  // It is to end soon, by on_end.
  void Cancel();

 private:
  static constexpr int kMostWaiting = 256;

  struct Shared;  // with what is posted

  void Run(const std::shared_ptr<Shared>& shared);
  grpc::Status Read(const std::shared_ptr<Shared>& shared, bool* reached);

  AdminClient* const client_;
  const std::string name_;
  boost::asio::io_context* const loop_;
  const std::shared_ptr<Shared> shared_;
  std::mutex call_mutex_;  // guards what follows
  grpc::ClientContext context_;
  bool cancelled_ = false;
  std::thread thread_;  // last: uses the others
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_LISTEN_CALL_H_
