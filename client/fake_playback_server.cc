#include "client/fake_playback_server.h"

#include <chrono>
#include <deque>
#include <utility>

namespace earshot {

class FakePlaybackServer::Call
    : public grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse> {
 public:
  Call(bool answer_open, bool read, v1::Opened opened)
      : answer_open_(answer_open), read_(read), opened_(std::move(opened)) {}

  void Begin(std::shared_ptr<Call> self) {
    self_ = std::move(self);
    StartRead(&request_);
  }

  std::vector<v1::PlayRequest> requests() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

  uint64_t begin_ping() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return begin_ping_;
  }

  void Say(const v1::PlayResponse& response) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (finished_) return;
    queue_.push_back(response);
    if (queue_.size() == 1) StartWrite(&queue_.front());
  }

  void End(const grpc::Status& status) {
    std::lock_guard<std::mutex> lock(mutex_);
    EndLocked(status);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      End(grpc::Status::OK);
      return;
    }
    const bool open = request_.has_open();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (request_.has_ping() && after_begin_) {
        begin_ping_ = request_.ping().id();
      } else {
        requests_.push_back(request_);
      }
      after_begin_ = request_.has_begin();
    }
    if (open && answer_open_) {
      v1::PlayResponse response;
      *response.mutable_opened() = opened_;
      Say(response);
    }
    if (read_) StartRead(&request_);
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.pop_front();
    if (!ok) queue_.clear();
    if (!queue_.empty() && !finished_) StartWrite(&queue_.front());
  }

  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override { self_.reset(); }

 private:
  void EndLocked(const grpc::Status& status) {
    if (finished_) return;
    finished_ = true;
    Finish(status);
  }

  const bool answer_open_;
  const bool read_;
  const v1::Opened opened_;
  v1::PlayRequest request_;
  std::shared_ptr<Call> self_;
  mutable std::mutex mutex_;
  uint64_t begin_ping_ = 0;
  bool after_begin_ = false;
  std::vector<v1::PlayRequest> requests_;
  std::deque<v1::PlayResponse> queue_;
  bool finished_ = false;
};

FakePlaybackServer::FakePlaybackServer() : path_(folder_ / "socket") {
  opened_.mutable_limits()->set_initial_window_ms(200);
}

FakePlaybackServer::~FakePlaybackServer() { Shutdown(); }

void FakePlaybackServer::Listen() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  // A server that does not read shall be full soon.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  server_ = builder.BuildAndStart();
}

void FakePlaybackServer::Shutdown() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

int FakePlaybackServer::calls() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(calls_.size());
}

std::vector<v1::PlayRequest> FakePlaybackServer::requests() const {
  const std::shared_ptr<Call> call = newest();
  return call == nullptr ? std::vector<v1::PlayRequest>() : call->requests();
}

std::vector<v1::PlayRequest> FakePlaybackServer::requests_of(
    size_t call) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return calls_.at(call)->requests();
}

void FakePlaybackServer::set_opened(const v1::Opened& opened) {
  std::lock_guard<std::mutex> lock(mutex_);
  opened_ = opened;
}

uint64_t FakePlaybackServer::begin_ping() const {
  return newest()->begin_ping();
}

void FakePlaybackServer::Say(const v1::PlayResponse& response) {
  newest()->Say(response);
}

void FakePlaybackServer::SayProgress(uint64_t epoch, int64_t granted,
                                     int64_t received, int64_t played) {
  v1::PlayResponse response;
  v1::Progress& progress = *response.mutable_progress();
  progress.set_epoch(epoch);
  progress.set_granted_frame(granted);
  progress.set_received_frame(received);
  progress.set_played_frame(played);
  Say(response);
}

void FakePlaybackServer::SayDrained(uint64_t epoch, int64_t played) {
  v1::PlayResponse response;
  response.mutable_drained()->set_epoch(epoch);
  response.mutable_drained()->set_played_frame(played);
  Say(response);
}

void FakePlaybackServer::SayGoAway() {
  v1::PlayResponse response;
  response.mutable_go_away()->set_reason(v1::GoAway::REASON_SHUTDOWN);
  response.mutable_go_away()->set_deadline_ms(10000);
  Say(response);
}

void FakePlaybackServer::EndCall(const grpc::Status& status) {
  newest()->End(status);
}

grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse>*
FakePlaybackServer::Play(grpc::CallbackServerContext*) {
  std::shared_ptr<Call> call;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    call = std::make_shared<Call>(answer_open_, read_, opened_);
    calls_.push_back(call);
  }
  Call* result = call.get();
  result->Begin(std::move(call));
  return result;
}

std::shared_ptr<FakePlaybackServer::Call> FakePlaybackServer::newest() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return calls_.empty() ? nullptr : calls_.back();
}

}  // namespace earshot
