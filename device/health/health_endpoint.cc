#include "device/health/health_endpoint.h"

#include <fcntl.h>
#include <grpcpp/server_posix.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/system/error_code.hpp>
#include <chrono>
#include <utility>

namespace earshot {
namespace {

// A request holds the name of a service.
constexpr int kMaxMessageBytes = 1024;
// Of one connection.
constexpr int kMaxCalls = 8;

// gRPC 1.51 ends the threads of its callback API when the last server and
// channel that used them go, and now and then aborts then: one of the threads
// gives back a reference to their queue that is no longer there. So the first
// server, though it is shut down, stays for as long as the process.
void Retire(std::unique_ptr<grpc::Server> server) {
  static const grpc::Server* const kept = server.release();
  (void)kept;
}

}  // namespace

HealthEndpoint::HealthEndpoint(HealthListener listener,
                               boost::asio::io_context* loop,
                               HealthService::Ask ask)
    : path_(std::move(listener.path)), service_(loop, std::move(ask)) {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxCalls);
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    spdlog::error("no health service: gRPC cannot start");
    return;
  }
  for (vhost_user::UniqueFd& socket : listener.sockets) {
    AwaitConnection(sockets_.emplace_back(*loop, socket.release()));
  }
}

HealthEndpoint::~HealthEndpoint() {
  // While it still listens: nobody else can have put one there.
  if (!path_.empty()) unlink(path_.c_str());
  sockets_.clear();
  service_.Stop();
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  Retire(std::move(server_));
}

void HealthEndpoint::AwaitConnection(Socket& socket) {
  socket.async_wait(Socket::wait_read,
                    [this, &socket](const boost::system::error_code& error) {
                      if (error) return;  // closed
                      const int fd =
                          accept4(socket.native_handle(), nullptr, nullptr,
                                  SOCK_CLOEXEC | SOCK_NONBLOCK);
                      if (fd >= 0) Take(fd);
                      AwaitConnection(socket);
                    });
}

void HealthEndpoint::Take(int fd) {
  if (connections_.size() >= kMaxConnections) {
    shutdown(connections_.front().get(), SHUT_RDWR);
    connections_.pop_front();
  }
  connections_.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  grpc::AddInsecureChannelFromFd(server_.get(), fd);
}

}  // namespace earshot
