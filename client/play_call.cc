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
// Messages that wait for the server to read. A window of sound is a third of it
// at most; but not all that is said is sound and takes credit.
constexpr size_t kMaxWaitingRequests = 4096;

}  // namespace

// Keeps itself alive until the stream has finished. Ends of operations come on
// gRPC's thread or on the owner's loop; posts happen only under the mutex while
// the owner is there, so nothing is posted to an executor whose context may be
// gone.
class PlayCall::Reactor : public std::enable_shared_from_this<Reactor> {
 public:
  Reactor(std::unique_ptr<PlayStream> stream,
          boost::asio::any_io_executor executor, Listener& listener)
      : stream_(std::move(stream)),
        executor_(std::move(executor)),
        listener_(&listener) {}

  void Start() {
    std::lock_guard<std::mutex> lock(mutex_);
    self_ = shared_from_this();
    writing_ = true;
    stream_->Start(started_);
    stream_->Read(response_, read_);
  }

  std::unique_ptr<v1::PlayRequest> NewRequest() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (spare_.empty()) return std::make_unique<v1::PlayRequest>();
    std::unique_ptr<v1::PlayRequest> request = std::move(spare_.back());
    spare_.pop_back();
    return request;
  }

  void Send(std::unique_ptr<v1::PlayRequest> request) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (writes_over_) return;
    if (queue_.size() == kMaxWaitingRequests) {
      overflowed_ = writes_over_ = true;
      DropUnwritten();
      stream_->Cancel();
      return;
    }
    queue_.push_back(std::move(request));
    if (writing_) return;
    stream_->AtOnce([&] {
      WriteNext();
      lock.unlock();
    });
  }

  void Finish() {
    std::lock_guard<std::mutex> lock(mutex_);
    finishing_ = true;
    WriteNext();
  }

  // The owner is going: on its loop.
  void Abandon() {
    std::lock_guard<std::mutex> lock(mutex_);
    listener_ = nullptr;
    executor_ = boost::asio::any_io_executor();
    writes_over_ = true;
    DropUnwritten();
    if (!finished_) stream_->Cancel();
    if (response_posted_) reads_over_ = true;
    response_posted_ = false;
    FinishIfOver();
  }

 private:
  using Handler = void (Reactor::*)(bool ok);

  // The end of an operation, told to a method.
  class Event final : public StreamEvent {
   public:
    Event(Reactor* reactor, Handler handler)
        : reactor_(reactor), handler_(handler) {}
    void OnEnded(bool ok) override { (reactor_->*handler_)(ok); }

   private:
    Reactor* const reactor_;
    const Handler handler_;
  };

  void OnStarted(bool ok) {
    std::lock_guard<std::mutex> lock(mutex_);
    EndWrite(ok);
  }

  void OnWritten(bool ok) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (spare_.size() < kMaxSpareRequests) {
      spare_.push_back(std::move(queue_.front()));
    }
    queue_.pop_front();
    EndWrite(ok);
  }

  void OnRead(bool ok) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!ok || listener_ == nullptr) {
      writes_over_ = reads_over_ = true;
      DropUnwritten();
      FinishIfOver();
      return;
    }
    response_posted_ = true;
    boost::asio::post(executor_,
                      [self = shared_from_this()] { self->HandResponse(); });
  }

  void OnFinished(bool) {
    std::shared_ptr<Reactor> self;
    std::lock_guard<std::mutex> lock(mutex_);
    finished_ = true;
    self = std::move(self_);
    if (listener_ == nullptr) return;
    boost::asio::post(executor_, [self] {
      if (self->listener_ != nullptr) self->listener_->OnDone(self->Reason());
    });
  }

  // Nobody else uses it any more.
  grpc::Status Reason() const {
    if (!overflowed_) return status_;
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                        "the server does not read what it is sent");
  }

  // On the owner's loop.
  void HandResponse() {
    if (listener_ == nullptr) return;
    listener_->OnResponse(response_);
    // The listener may have destroyed the PlayCall.
    std::unique_lock<std::mutex> lock(mutex_);
    if (listener_ == nullptr) return;
    response_posted_ = false;
    stream_->AtOnce([&] {
      stream_->Read(response_, read_);
      lock.unlock();
    });
  }

  void EndWrite(bool ok) {
    writing_ = false;
    if (!ok) {
      writes_over_ = true;
      DropUnwritten();
    }
    WriteNext();
    FinishIfOver();
  }

  void WriteNext() {
    if (writing_ || writes_over_) return;
    if (!queue_.empty()) {
      writing_ = true;
      stream_->Write(*queue_.front(), written_);
    } else if (finishing_) {
      writing_ = writes_over_ = true;
      stream_->WritesDone(said_all_);
    }
  }

  void DropUnwritten() {
    while (queue_.size() > (writing_ ? 1 : 0)) queue_.pop_back();
  }

  void FinishIfOver() {
    if (!reads_over_ || writing_ || finish_started_) return;
    finish_started_ = true;
    stream_->Finish(status_, finish_);
  }

  Event started_{this, &Reactor::OnStarted};
  Event written_{this, &Reactor::OnWritten};
  Event said_all_{this, &Reactor::OnStarted};
  Event read_{this, &Reactor::OnRead};
  Event finish_{this, &Reactor::OnFinished};

  const std::unique_ptr<PlayStream> stream_;
  v1::PlayResponse response_;  // gRPC's, or the loop's while it is posted
  grpc::Status status_;        // gRPC's until it has finished

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<Reactor> self_;
  boost::asio::any_io_executor executor_;
  Listener* listener_;  // read also on the owner's loop, where it is written
  std::deque<std::unique_ptr<v1::PlayRequest>> queue_;  // front: in flight
  std::vector<std::unique_ptr<v1::PlayRequest>> spare_;
  bool response_posted_ = false;  // to the loop, which has not had it yet
  bool writing_ = false;
  bool writes_over_ = false;  // none will be started
  bool reads_over_ = false;
  bool finishing_ = false;  // the owner has said all
  bool overflowed_ = false;
  bool finish_started_ = false;
  bool finished_ = false;
};

PlayCall::PlayCall(std::unique_ptr<PlayStream> stream,
                   const boost::asio::any_io_executor& executor,
                   Listener& listener)
    : reactor_(
          std::make_shared<Reactor>(std::move(stream), executor, listener)) {
  reactor_->Start();
}

PlayCall::~PlayCall() { reactor_->Abandon(); }

std::unique_ptr<v1::PlayRequest> PlayCall::NewRequest() {
  return reactor_->NewRequest();
}

void PlayCall::Send(std::unique_ptr<v1::PlayRequest> request) {
  reactor_->Send(std::move(request));
}

void PlayCall::Finish() { reactor_->Finish(); }

}  // namespace earshot
