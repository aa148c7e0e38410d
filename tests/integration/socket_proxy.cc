#include "tests/integration/socket_proxy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace earshot {
namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

sockaddr_un Address(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

int NewSocket() {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Die("socket");
  return fd;
}

// False at the end of the connection.
bool Copy(int from, int to) {
  char buffer[65536];
  const ssize_t count = read(from, buffer, sizeof(buffer));
  if (count <= 0) return false;
  for (ssize_t done = 0; done < count;) {
    const ssize_t more = send(to, buffer + done, count - done, MSG_NOSIGNAL);
    if (more <= 0) return false;
    done += more;
  }
  return true;
}

}  // namespace

SocketProxy::SocketProxy(const std::string& listen_path,
                         const std::string& server_path)
    : server_path_(server_path), listener_(NewSocket()) {
  const sockaddr_un address = Address(listen_path);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0 ||
      listen(listener_, 8) != 0 || pipe2(wake_, O_CLOEXEC) != 0) {
    Die("SocketProxy");
  }
  thread_ = std::thread([this] { Run(); });
}

SocketProxy::~SocketProxy() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    over_ = true;
  }
  if (write(wake_[1], "x", 1) != 1) Die("write");
  thread_.join();
  Forget();
  for (const int fd : {listener_, wake_[0], wake_[1]}) close(fd);
}

void SocketProxy::Cut() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    cut_ = true;
  }
  if (write(wake_[1], "x", 1) != 1) Die("write");
}

void SocketProxy::Forget() {
  for (const int fd : connections_) close(fd);
  connections_.clear();
}

void SocketProxy::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = NewSocket();
  const sockaddr_un address = Address(server_path_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    close(client);
    close(server);
    return;
  }
  connections_.insert(connections_.end(), {client, server});
}

void SocketProxy::Run() {
  while (true) {
    std::vector<pollfd> fds = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const int fd : connections_) fds.push_back({fd, POLLIN, 0});
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    char byte = 0;
    if (fds[0].revents != 0 && read(wake_[0], &byte, 1) != 1) Die("read");
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (over_) return;
      if (cut_) {
        cut_ = false;
        Forget();
        continue;
      }
    }
    std::vector<int> left;
    for (size_t i = 0; i + 1 < connections_.size(); i += 2) {
      const int a = connections_[i];
      const int b = connections_[i + 1];
      if ((fds[i + 2].revents != 0 && !Copy(a, b)) ||
          (fds[i + 3].revents != 0 && !Copy(b, a))) {
        close(a);
        close(b);
      } else {
        left.insert(left.end(), {a, b});
      }
    }
    connections_ = left;
    if (fds[1].revents != 0) Accept();
  }
}

}  // namespace earshot
