#include "client/play_call.h"

#include <boost/asio/post.hpp>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace earshot {
namespace {

// Messages kept for later; more are only needed after a blackout.
constexpr size_t kMaxSpareRequests = 16;
// Messages that wait for the server to read. A window of sound is a tenth of
// it; but not all that is said is sound and takes credit.
constexpr size_t kMaxWaitingRequests = 4096;

}  // namespace

// Keeps itself alive until OnDone. Its methods run on gRPC's threads or on the
// owner's loop; posts happen only under the mutex while the owner is there, so
// nothing is posted to an executor whose context may be gone.
class PlayCall::Reactor
    : public grpc::ClientBidiReactor<v1::PlayRequest, v1::PlayResponse>,
      public std::enable_shared_from_this<Reactor> {
 public:
  Reactor(boost::asio::any_io_executor executor, Listener& listener)
      : executor_(std::move(executor)), listener_(&listener) {}

  void Start(v1::PlaybackService::StubInterface& stub) {
    self_ = shared_from_this();
    stub.async()->Play(&context_, this);
    // One for writes and one for reads: both are started from outside of
    // reactions, and gRPC must not end the call before the last.
    AddMultipleHolds(2);
    StartRead(&response_);
    StartCall();
  }

  std::unique_ptr<v1::PlayRequest> NewRequest() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (spare_.empty()) return std::make_unique<v1::PlayRequest>();
    std::unique_ptr<v1::PlayRequest> request = std::move(spare_.back());
    spare_.pop_back();
    return request;
  }

  void Send(std::unique_ptr<v1::PlayRequest> request) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (writes_over_) return;
    if (queue_.size() == kMaxWaitingRequests) {
      overflowed_ = true;
      EndWrites();
      context_.TryCancel();
      return;
    }
    queue_.push_back(std::move(request));
    WriteNext();
  }

  void Finish() {
    std::lock_guard<std::mutex> lock(mutex_);
    finishing_ = true;
    WriteNext();
  }

  void Cancel() { context_.TryCancel(); }

  // The owner is going: on its loop.
  void Abandon() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      listener_ = nullptr;
      executor_ = boost::asio::any_io_executor();
      EndWrites();
      if (response_posted_) RemoveHold();
      response_posted_ = false;
    }
    context_.TryCancel();
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (spare_.size() < kMaxSpareRequests)
      spare_.push_back(std::move(queue_.front()));
    queue_.pop_front();
    writing_ = false;
    if (!ok) {
      EndWrites();
    } else {
      WriteNext();
    }
  }

  void OnReadDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!ok) EndWrites();
    if (!ok || listener_ == nullptr) {
      RemoveHold();
      return;
    }
    response_posted_ = true;
    boost::asio::post(executor_,
                      [self = shared_from_this()] { self->HandResponse(); });
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Reactor> self = std::move(self_);
    std::lock_guard<std::mutex> lock(mutex_);
    EndWrites();
    if (listener_ == nullptr) return;
    boost::asio::post(executor_, [self, reason = Reason(status)] {
      if (self->listener_ != nullptr) self->listener_->OnDone(reason);
    });
  }

 private:
  grpc::Status Reason(const grpc::Status& status) const {
    if (!overflowed_) return status;
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                        "the server does not read what it is sent");
  }

  // On the owner's loop.
  void HandResponse() {
    if (listener_ == nullptr) return;
    listener_->OnResponse(response_);
    // The listener may have destroyed the PlayCall.
    std::lock_guard<std::mutex> lock(mutex_);
    if (listener_ == nullptr) return;
    response_posted_ = false;
    StartRead(&response_);
  }

  void WriteNext() {
    if (writing_ || writes_over_) return;
    if (!queue_.empty()) {
      writing_ = true;
      StartWrite(queue_.front().get());
    } else if (finishing_) {
      StartWritesDone();
      EndWrites();
    }
  }

  // No further write will be started.
  void EndWrites() {
    if (writes_over_) return;
    writes_over_ = true;
    while (queue_.size() > (writing_ ? 1 : 0)) queue_.pop_back();
    RemoveHold();
  }

  grpc::ClientContext context_;
  v1::PlayResponse response_;  // gRPC's, or the loop's while it is posted
  std::shared_ptr<Reactor> self_;

  std::mutex mutex_;  // guards what follows
  boost::asio::any_io_executor executor_;
  Listener* listener_;  // read also on the owner's loop, where it is written
  std::deque<std::unique_ptr<v1::PlayRequest>> queue_;  // front: in flight
  std::vector<std::unique_ptr<v1::PlayRequest>> spare_;
  bool response_posted_ = false;  // to the loop, which has not had it yet
  bool writing_ = false;
  bool writes_over_ = false;
  bool finishing_ = false;
  bool overflowed_ = false;
};

PlayCall::PlayCall(v1::PlaybackService::StubInterface& stub,
                   const boost::asio::any_io_executor& executor,
                   Listener& listener)
    : reactor_(std::make_shared<Reactor>(executor, listener)) {
  reactor_->Start(stub);
}

PlayCall::~PlayCall() { reactor_->Abandon(); }

std::unique_ptr<v1::PlayRequest> PlayCall::NewRequest() {
  return reactor_->NewRequest();
}

void PlayCall::Send(std::unique_ptr<v1::PlayRequest> request) {
  reactor_->Send(std::move(request));
}

void PlayCall::Finish() { reactor_->Finish(); }

void PlayCall::Cancel() { reactor_->Cancel(); }

}  // namespace earshot
