#include "client/cli/listen/listen_call.h"

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

namespace earshot {

struct ListenCall::Shared {
  explicit Shared(Handlers to) : handlers(std::move(to)) {}

  const Handlers handlers;
  std::counting_semaphore<kMostWaiting> room{kMostWaiting};
  bool over = false;  // the loop's: nobody is told any more
};

ListenCall::ListenCall(AdminClient* client, std::string name,
                       boost::asio::io_context* loop, Handlers handlers)
    : client_(client),
      name_(std::move(name)),
      loop_(loop),
      shared_(std::make_shared<Shared>(std::move(handlers))),
      thread_([this, shared = shared_] { Run(shared); }) {}

ListenCall::~ListenCall() {
  Cancel();
  shared_->over = true;
  // It may wait for room that the loop would have made.
  shared_->room.release(1);
  thread_.join();
}

void ListenCall::Cancel() {
  const std::lock_guard lock(call_mutex_);
  cancelled_ = true;
  context_.TryCancel();
}

void ListenCall::Run(const std::shared_ptr<Shared>& shared) {
  bool reached = false;
  const grpc::Status status = Read(shared, &reached);
  boost::asio::post(*loop_, [shared, status, reached] {
    if (!shared->over) shared->handlers.on_end(status, reached);
  });
}

grpc::Status ListenCall::Read(const std::shared_ptr<Shared>& shared,
                              bool* reached) {
  // Finds a server that is there, and what is wrong with it.
  v1::GetIdentityResponse identity;
  const grpc::Status asked = client_->Call(&AdminClient::Stub::GetIdentity,
                                           v1::GetIdentityRequest(), &identity);
  if (!asked.ok()) return asked;
  *reached = true;
  const auto stub = v1::ListenService::NewStub(client_->channel());
  v1::ListenRequest request;
  request.set_name(name_);
  {
    const std::lock_guard lock(call_mutex_);
    if (cancelled_) return grpc::Status::CANCELLED;
  }
  const auto reader = stub->Listen(&context_, request);
  while (true) {
    auto response = std::make_shared<v1::ListenResponse>();
    if (!reader->Read(response.get())) break;
    const MonotonicTime now = std::chrono::steady_clock::now();
    shared->room.acquire();
    {
      const std::lock_guard lock(call_mutex_);
      if (cancelled_) break;
    }
    boost::asio::post(*loop_, [shared, response, now] {
      shared->room.release();
      if (!shared->over) shared->handlers.on_response(*response, now);
    });
  }
  return reader->Finish();
}

}  // namespace earshot
