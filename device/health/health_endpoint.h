#ifndef EARSHOT_DEVICE_HEALTH_HEALTH_ENDPOINT_H_
#define EARSHOT_DEVICE_HEALTH_HEALTH_ENDPOINT_H_

#include <grpcpp/grpcpp.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>

#include "device/health/health_listener.h"
#include "device/health/health_service.h"
#include "device/vhost_user/unique_fd.h"

namespace earshot {

// Serves grpc.health.v1.Health in plaintext, and nothing else, for the probes
// of a cluster. The loop takes the connections, too: what it costs while nobody
// asks is memory. At most 16 connections, of which the oldest gives way.
// Thread: the loop's.
class HealthEndpoint {
 public:
  static constexpr size_t kMaxConnections = 16;

  // Starts gRPC's threads. `loop` outlives it; what `ask` needs does, too.
  HealthEndpoint(HealthListener listener, boost::asio::io_context* loop,
                 HealthService::Ask ask);
  // Ends all connections, and removes its unix socket.
  ~HealthEndpoint();

  HealthEndpoint(const HealthEndpoint&) = delete;
  HealthEndpoint& operator=(const HealthEndpoint&) = delete;

 private:
  using Socket = boost::asio::posix::stream_descriptor;

  void AwaitConnection(Socket& socket);
  void Take(int fd);

  const std::string path_;
  HealthService service_;
  std::unique_ptr<grpc::Server> server_;
  std::list<Socket> sockets_;
  // A second descriptor of each that was taken, the oldest first, by which it
  // can be ended; gRPC may have done so itself.
  std::deque<vhost_user::UniqueFd> connections_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_HEALTH_HEALTH_ENDPOINT_H_
