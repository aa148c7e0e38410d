#include "device/health/health_service.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace earshot {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

HealthService::HealthService(boost::asio::io_context* loop, Ask ask)
    : loop_(loop), ask_(std::move(ask)) {}

grpc::ServerUnaryReactor* HealthService::Check(
    grpc::CallbackServerContext* context, const HealthCheckRequest* request,
    HealthCheckResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  uint64_t id = 0;
  {
    const std::lock_guard lock(calls_mutex_);
    if (stopped_ || calls_.size() >= kMaxWaiting) {
      reactor->Finish(
          stopped_
              ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the device ends")
              : grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                             "the device does not answer"));
      return reactor;
    }
    id = next_id_++;
    calls_[id] = {reactor, request, response};
  }
  boost::asio::post(*loop_, [this, id, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) Answer(id);
  });
  return reactor;
}

void HealthService::Answer(uint64_t id) {
  Call call = {};
  {
    const std::lock_guard lock(calls_mutex_);
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;
    call = found->second;
    calls_.erase(found);
  }
  const std::optional<bool> serves = ask_(call.request->service());
  if (!serves.has_value()) {
    call.reactor->Finish(
        {grpc::StatusCode::NOT_FOUND,
         "there are liveness, readiness, startup and service"});
    return;
  }
  call.response->set_status(*serves ? HealthCheckResponse::SERVING
                                    : HealthCheckResponse::NOT_SERVING);
  call.reactor->Finish(grpc::Status::OK);
}

void HealthService::Stop() {
  std::map<uint64_t, Call> calls;
  {
    const std::lock_guard lock(calls_mutex_);
    stopped_ = true;
    calls.swap(calls_);
  }
  for (const auto& [id, call] : calls) {
    call.reactor->Finish({grpc::StatusCode::UNAVAILABLE, "the device ends"});
  }
}

}  // namespace earshot
