#include "client/grpc_play_stream.h"

#include <thread>

#include "proto/earshot/v1/playback.grpc.pb.h"

namespace earshot {
namespace {

void Tell(void* tag, bool ok) { static_cast<StreamEvent*>(tag)->OnEnded(ok); }

// Neither it nor its thread ends before the process does: gRPC's own threads
// cannot be waited for on one of them.
grpc::CompletionQueue& SharedQueue() {
  static grpc::CompletionQueue* const queue = [] {
    auto* made = new grpc::CompletionQueue;
    std::thread([made] {
      void* tag = nullptr;
      bool ok = false;
      while (made->Next(&tag, &ok)) Tell(tag, ok);
    }).detach();
    return made;
  }();
  return *queue;
}

class GrpcPlayStream final : public PlayStream {
 public:
  explicit GrpcPlayStream(const std::shared_ptr<grpc::Channel>& channel)
      : queue_(SharedQueue()),
        call_(v1::PlaybackService::NewStub(channel)->PrepareAsyncPlay(
            &context_, &queue_)) {}

  void Start(StreamEvent& event) override { call_->StartCall(&event); }
  void Write(const v1::PlayRequest& request, StreamEvent& event) override {
    call_->Write(request, &event);
  }
  void WritesDone(StreamEvent& event) override { call_->WritesDone(&event); }
  void Read(v1::PlayResponse& response, StreamEvent& event) override {
    call_->Read(&response, &event);
  }
  void Finish(grpc::Status& status, StreamEvent& event) override {
    call_->Finish(&status, &event);
  }
  void Cancel() override { context_.TryCancel(); }

  void AtOnce(absl::FunctionRef<void()> start) override {
    void* tag = nullptr;
    bool ok = false;
    // It may as well be another call's.
    if (queue_.DoThenAsyncNext(start, &tag, &ok,
                               gpr_inf_past(GPR_CLOCK_MONOTONIC)) ==
        grpc::CompletionQueue::GOT_EVENT) {
      Tell(tag, ok);
    }
  }

 private:
  grpc::CompletionQueue& queue_;
  grpc::ClientContext context_;
  const std::unique_ptr<
      grpc::ClientAsyncReaderWriter<v1::PlayRequest, v1::PlayResponse>>
      call_;
};

}  // namespace

std::unique_ptr<PlayStream> MakeGrpcPlayStream(
    const std::shared_ptr<grpc::Channel>& channel) {
  return std::make_unique<GrpcPlayStream>(channel);
}

}  // namespace earshot
