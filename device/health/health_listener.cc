#include "device/health/health_listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "device/vhost_user/listener.h"
#include "metrics/http_listener.h"

namespace earshot {
namespace {

// A full one costs whoever connects a second: then he tries again.
constexpr int kBacklog = SOMAXCONN;

}  // namespace

absl::StatusOr<HealthListener> HealthListener::Open(
    const std::string& address) {
  constexpr absl::string_view kUnix = "unix:";
  HealthListener listener;
  if (absl::StartsWith(address, kUnix)) {
    listener.path = address.substr(kUnix.size());
    auto socket = vhost_user::ListenAt(listener.path);
    if (!socket.ok()) return socket.status();
    listener.text = address;
    listener.sockets.push_back(*std::move(socket));
  } else {
    auto opened = metrics::HttpListener::Open(address);
    if (!opened.ok()) return opened.status();
    listener.text = opened->text();
    for (const int fd : opened->TakeDescriptors()) {
      listener.sockets.emplace_back(fd);
    }
  }
  // Whoever connects may have gone before the connection is taken. More of them
  // than VMMs come at once.
  for (const vhost_user::UniqueFd& socket : listener.sockets) {
    fcntl(socket.get(), F_SETFL, fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    listen(socket.get(), kBacklog);
  }
  return listener;
}

}  // namespace earshot
