#ifndef EARSHOT_CLIENT_FAKE_PLAY_CALLS_H_
#define EARSHOT_CLIENT_FAKE_PLAY_CALLS_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "client/play_stream.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// gRPC's side of one PlaybackService.Play, without gRPC's threads: nothing
// happens but what the test lets happen, each end told in that call.
class FakePlayCall {
 public:
  // The client's side of it, which may outlive this once it is over; once.
  std::unique_ptr<PlayStream> MakeStream();

  // The write that is in flight, if one is.
  const v1::PlayRequest* writing() const { return writing_; }
  // It has come to the other end.
  void FinishWrite();
  // Whether a response can be delivered.
  bool reading() const { return reading_ != nullptr && !over_; }
  void Deliver(const v1::PlayResponse& response);
  // No more is written: the client has finished.
  bool writes_done() const { return writes_done_; }
  // The call ends so, whoever ends it; what is under way fails.
  void End(const grpc::Status& status);
  // The client wants it to end, by its cancellation.
  bool canceled() const { return canceled_ && !over_; }
  bool over() const { return over_; }
  // Lets what follows from its end happen. False once the client has let go.
  bool Settle();

 private:
  class Stream;

  void EndWrite();

  StreamEvent* write_ = nullptr;  // told when what is written has arrived
  const v1::PlayRequest* writing_ = nullptr;
  StreamEvent* read_ = nullptr;
  v1::PlayResponse* reading_ = nullptr;
  StreamEvent* finish_ = nullptr;
  grpc::Status* finishing_ = nullptr;
  bool writes_done_ = false;
  bool canceled_ = false;
  bool over_ = false;
  bool done_ = false;  // said to the client
  grpc::Status status_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_FAKE_PLAY_CALLS_H_
