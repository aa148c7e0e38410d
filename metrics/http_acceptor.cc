#include "metrics/http_acceptor.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <boost/system/error_code.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace earshot::metrics {
namespace {

using boost::system::error_code;

// After the system had no descriptor for a connection.
constexpr std::chrono::seconds kAcceptRetry{1};

}  // namespace

HttpAcceptor::HttpAcceptor(boost::asio::io_context* loop, int descriptor,
                           std::string whom, std::function<void(int)> take)
    : whom_(std::move(whom)),
      take_(std::move(take)),
      socket_(*loop, descriptor),
      retry_(*loop) {
  Wait();
}

void HttpAcceptor::Wait() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](error_code error) {
                       if (!error) Accept();
                     });
}

void HttpAcceptor::Accept() {
  const int descriptor = accept4(socket_.native_handle(), nullptr, nullptr,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor >= 0) {
    take_(descriptor);
  } else if (errno != EAGAIN && errno != ECONNABORTED) {
    if (!std::exchange(failed_, true)) {
      spdlog::error("no connection for {}, trying again error=\"{}\"", whom_,
                    std::strerror(errno));
    }
    retry_.expires_after(kAcceptRetry);
    retry_.async_wait([this](error_code error) {
      if (!error) Wait();
    });
    return;
  }
  failed_ = false;
  Wait();
}

}  // namespace earshot::metrics
