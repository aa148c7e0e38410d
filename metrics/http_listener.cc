#include "metrics/http_listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace earshot::metrics {
namespace {

// A full one costs whoever connects a second: then he tries again.
constexpr int kBacklog = SOMAXCONN;

using Found = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

int PortOf(int descriptor) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) !=
      0) {
    return 0;
  }
  // It stands at the same place for IPv4 and IPv6.
  sockaddr_in ipv4;
  std::memcpy(&ipv4, &address, sizeof(ipv4));
  return ntohs(ipv4.sin_port);
}

// Another port than what was found, if it is not 0.
void SetPort(addrinfo* found, int port) {
  if (port == 0) return;
  const in_port_t wire = htons(static_cast<uint16_t>(port));
  std::memcpy(
      reinterpret_cast<char*>(found->ai_addr) + offsetof(sockaddr_in, sin_port),
      &wire, sizeof(wire));
}

// The descriptor, or -errno.
int Listen(const addrinfo& address) {
  const int descriptor =
      socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -errno;
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // Each of them is bound for itself.
  if (address.ai_family == AF_INET6) {
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  if (bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 &&
      listen(descriptor, kBacklog) == 0) {
    return descriptor;
  }
  const int error = errno;
  close(descriptor);
  return -error;
}

// What a machine without IPv6, or without that address, says.
bool IsNotHere(int error) {
  return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

}  // namespace

absl::StatusOr<HttpListener> HttpListener::Open(const std::string& address) {
  const size_t colon = address.rfind(':');
  uint32_t number = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &number) || number > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat(address, ": must be HOST:PORT"));
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* first = nullptr;
  const int unknown =
      getaddrinfo(host.c_str(), std::to_string(number).c_str(), &hints, &first);
  const auto failed = [&address](const char* why) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen at ", address, ": ", why));
  };
  if (unknown != 0) return failed(gai_strerror(unknown));
  const Found found(first, &freeaddrinfo);
  HttpListener listener;
  int port = 0;
  int missing = 0;
  for (addrinfo* one = first; one != nullptr; one = one->ai_next) {
    SetPort(one, port);
    const int descriptor = Listen(*one);
    if (descriptor < 0) {
      if (!IsNotHere(-descriptor)) return failed(std::strerror(-descriptor));
      missing = -descriptor;
      continue;
    }
    listener.descriptors_.push_back(descriptor);
    port = PortOf(descriptor);
  }
  if (listener.descriptors_.empty()) return failed(std::strerror(missing));
  listener.text_ = absl::StrCat(address.substr(0, colon + 1), port);
  return listener;
}

HttpListener::HttpListener(HttpListener&& other) noexcept
    : descriptors_(std::exchange(other.descriptors_, {})),
      text_(std::move(other.text_)) {}

HttpListener& HttpListener::operator=(HttpListener&& other) noexcept {
  std::swap(descriptors_, other.descriptors_);
  std::swap(text_, other.text_);
  return *this;
}

HttpListener::~HttpListener() {
  for (const int descriptor : descriptors_) close(descriptor);
}

std::vector<int> HttpListener::TakeDescriptors() {
  return std::exchange(descriptors_, {});
}

}  // namespace earshot::metrics
