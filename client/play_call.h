#ifndef EARSHOT_CLIENT_PLAY_CALL_H_
#define EARSHOT_CLIENT_PLAY_CALL_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "client/play_stream.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// One call of PlaybackService.Play: between the owner's loop and the threads on
// which gRPC tells how operations have ended.
//
// Requests go out in order, one write in flight; those behind it wait in a
// queue, which the owner bounds by what it was granted, and whose messages are
// used again; a server that does not read even so loses the call. One response
// is read at a time: the next only after the owner has had the last, so a
// chatty server fills its socket and not our memory.
//
// Thread: the executor's loop, which everything here is called from and which
// the listener is called on. Destroying a PlayCall cancels the call; gRPC's
// side of it lives on until gRPC has let go, and says nothing more.
class PlayCall {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // It may change the response.
    virtual void OnResponse(v1::PlayResponse& response) = 0;
    // The last thing that the listener hears; it may destroy the call.
    virtual void OnDone(const grpc::Status& status) = 0;
  };

  // `listener` outlives the PlayCall.
  PlayCall(std::unique_ptr<PlayStream> stream,
           const boost::asio::any_io_executor& executor, Listener& listener);
  ~PlayCall();
  PlayCall(const PlayCall&) = delete;
  PlayCall& operator=(const PlayCall&) = delete;

  // An empty request to be filled, for Send().
  std::unique_ptr<v1::PlayRequest> NewRequest();
  void Send(std::unique_ptr<v1::PlayRequest> request);
  // After what was sent: no more requests come.
  void Finish();

 private:
  class Reactor;
  const std::shared_ptr<Reactor> reactor_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAY_CALL_H_
