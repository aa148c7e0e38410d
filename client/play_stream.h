#ifndef EARSHOT_CLIENT_PLAY_STREAM_H_
#define EARSHOT_CLIENT_PLAY_STREAM_H_

#include <grpcpp/grpcpp.h>

#include "absl/functional/function_ref.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// What is told once an operation of a PlayStream has ended: whether it did what
// it was to do. On any thread.
class StreamEvent {
 public:
  virtual void OnEnded(bool ok) = 0;

 protected:
  ~StreamEvent() = default;
};

// The border to gRPC: the operations of one call of PlaybackService.Play. Each
// is started, and its end is told once; never while it is being started, so
// that a caller may hold what it likes. One of a kind at a time. What an
// operation is given outlives it.
//
// Start() comes first and counts as a write; Finish() comes last, when no other
// operation is under way and a Read() has failed, or Cancel() was called. Any
// thread, but one at a time.
class PlayStream {
 public:
  virtual ~PlayStream() = default;

  virtual void Start(StreamEvent& event) = 0;
  virtual void Write(const v1::PlayRequest& request, StreamEvent& event) = 0;
  virtual void WritesDone(StreamEvent& event) = 0;
  virtual void Read(v1::PlayResponse& response, StreamEvent& event) = 0;
  virtual void Finish(grpc::Status& status, StreamEvent& event) = 0;
  // All operations end soon. At any time until the end of Finish() was told.
  virtual void Cancel() = 0;

  // Runs `start`, which starts operations. If one has ended by then that is
  // told here and now, which wakes no thread up.
  virtual void AtOnce(absl::FunctionRef<void()> start) { start(); }
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAY_STREAM_H_
