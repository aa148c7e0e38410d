#include "server/listen/listen_reactor.h"

#include <chrono>
#include <optional>
#include <utility>

#include "server/error_status.h"

namespace earshot {

std::shared_ptr<ListenReactor> ListenReactor::Create(
    std::unique_ptr<FeedReader> reader) {
  std::shared_ptr<ListenReactor> reactor(new ListenReactor(std::move(reader)));
  reactor->self_ = reactor;
  return reactor;
}

ListenReactor::ListenReactor(std::unique_ptr<FeedReader> reader)
    : reader_(std::move(reader)) {}

void ListenReactor::Wake(MonotonicTime now) {
  const std::lock_guard lock(call_mutex_);
  if (!writing_ && !finished_) WriteNext(now);
}

void ListenReactor::End(const Refusal& why) {
  const std::lock_guard lock(call_mutex_);
  FinishLocked(ToGrpcStatus(why));
}

void ListenReactor::OnWriteDone(bool ok) {
  const std::lock_guard lock(call_mutex_);
  writing_ = false;
  if (ok && !finished_) WriteNext(std::chrono::steady_clock::now());
}

void ListenReactor::OnCancel() {
  const std::lock_guard lock(call_mutex_);
  FinishLocked(grpc::Status::CANCELLED);
}

void ListenReactor::OnDone() {
  // The place is given up before the memory is.
  {
    const std::lock_guard lock(call_mutex_);
    reader_.reset();
  }
  self_.reset();
}

void ListenReactor::WriteNext(MonotonicTime now) {
  if (!reader_->HasNews()) {
    if (reader_->at_end()) FinishLocked(grpc::Status::OK);
    return;
  }
  std::optional<ListenMessage> message = reader_->Next(now);
  if (!message.has_value()) return;
  response_ = grpc::ByteBuffer(&*message, 1);
  writing_ = true;
  StartWrite(&response_);
}

void ListenReactor::FinishLocked(const grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  Finish(status);
}

}  // namespace earshot
