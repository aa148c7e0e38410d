#include "client/fake_play_calls.h"

#include <utility>

namespace earshot {

class FakePlayCall::Stream : public PlayStream {
 public:
  explicit Stream(FakePlayCall& call) : call_(call) {}

  void Start(StreamEvent& event) override { call_.write_ = &event; }
  void Write(const v1::PlayRequest& request, StreamEvent& event) override {
    call_.writing_ = &request;
    call_.write_ = &event;
  }
  void WritesDone(StreamEvent& event) override {
    call_.writes_done_ = true;
    call_.write_ = &event;
  }
  void Read(v1::PlayResponse& response, StreamEvent& event) override {
    call_.reading_ = &response;
    call_.read_ = &event;
  }
  void Finish(grpc::Status& status, StreamEvent& event) override {
    call_.finishing_ = &status;
    call_.finish_ = &event;
  }
  void Cancel() override { call_.canceled_ = true; }

 private:
  FakePlayCall& call_;
};

std::unique_ptr<PlayStream> FakePlayCall::MakeStream() {
  return std::make_unique<Stream>(*this);
}

void FakePlayCall::EndWrite() {
  writing_ = nullptr;
  StreamEvent* const event = std::exchange(write_, nullptr);
  if (event != nullptr) event->OnEnded(!over_);
}

// The start is a write, too, which nobody hears.
void FakePlayCall::FinishWrite() {
  if (writing_ != nullptr) EndWrite();
}

void FakePlayCall::Deliver(const v1::PlayResponse& response) {
  *std::exchange(reading_, nullptr) = response;
  std::exchange(read_, nullptr)->OnEnded(true);
}

void FakePlayCall::End(const grpc::Status& status) {
  if (over_) return;
  over_ = true;
  status_ = status;
}

bool FakePlayCall::Settle() {
  if (write_ != nullptr && writing_ == nullptr) EndWrite();
  if (!over_ || done_) return !done_;
  EndWrite();
  reading_ = nullptr;
  StreamEvent* const read = std::exchange(read_, nullptr);
  if (read != nullptr) read->OnEnded(false);
  // It may still have a response in its hands.
  if (finish_ == nullptr) return true;
  done_ = true;
  *finishing_ = status_;
  finish_->OnEnded(true);
  return false;
}

}  // namespace earshot
