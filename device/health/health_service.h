#ifndef EARSHOT_DEVICE_HEALTH_HEALTH_SERVICE_H_
#define EARSHOT_DEVICE_HEALTH_HEALTH_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "proto/grpc/health/v1/health.grpc.pb.h"

namespace earshot {

// grpc.health.v1.Health, answered by the process's loop between two of its own
// tasks: a loop that hangs does not answer, which is what a probe wants to
// know, and nothing is done while nobody asks. Watch is UNIMPLEMENTED, as
// probes ask once. Thread: any, but where it is said.
class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  // Calls that wait for the loop; further ones are RESOURCE_EXHAUSTED.
  static constexpr size_t kMaxWaiting = 16;

  // Whether a service serves; nothing if there is none of that name. Called in
  // the loop.
  using Ask = std::function<std::optional<bool>(const std::string& service)>;

  HealthService(boost::asio::io_context* loop, Ask ask);

  // Answers who still waits. In the loop's thread; nobody is asked any more.
  void Stop();

  grpc::ServerUnaryReactor* Check(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request,
      grpc::health::v1::HealthCheckResponse* response) override;

 private:
  struct Call {
    grpc::ServerUnaryReactor* reactor;
    const grpc::health::v1::HealthCheckRequest* request;
    grpc::health::v1::HealthCheckResponse* response;
  };

  // In the loop.
  void Answer(uint64_t id);

  boost::asio::io_context* const loop_;
  const Ask ask_;
  std::mutex calls_mutex_;  // guards the three below
  std::map<uint64_t, Call> calls_;
  uint64_t next_id_ = 0;
  bool stopped_ = false;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // for the loop
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_HEALTH_HEALTH_SERVICE_H_
