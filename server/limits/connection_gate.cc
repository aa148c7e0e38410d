#include "server/limits/connection_gate.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace earshot {
namespace {

namespace asio = boost::asio;

// From one connection to the next of a listener: gRPC's threads have some 0.1
// ms of work with each, and do it before they look at streams that play. Those
// who come all at once wait in the system's queue.
constexpr std::chrono::milliseconds kApart{1};
// How long to wait for descriptors or memory to be free again.
constexpr std::chrono::milliseconds kPatience{50};
constexpr std::chrono::seconds kLogApart{10};

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS ||
         error == ENOMEM;
}

// With a reset: then no memory of it is left.
void Refuse(int descriptor) {
  const linger at_once = {1, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(descriptor);
}

}  // namespace

// The sockets of one address, in the gate's loop.
class ConnectionGate::Listener {
 public:
  Listener(ConnectionGate& gate, ListeningSockets sockets,
           std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc)
      : gate_(gate), sockets_(std::move(sockets)), grpc_(std::move(grpc)) {
    for (const int descriptor : sockets_.descriptors()) {
      waits_.push_back(std::make_unique<Wait>(*gate_.loop_, descriptor));
    }
  }

  ~Listener() {
    for (const auto& wait : waits_) wait->ready.release();  // sockets_ closes
  }

  void Start() {
    for (const auto& wait : waits_) WaitForConnections(*wait);
  }

 private:
  struct Wait {
    Wait(asio::io_context& loop, int descriptor)
        : ready(loop, descriptor), pause(loop) {}
    asio::posix::stream_descriptor ready;
    asio::steady_timer pause;
  };

  void WaitForConnections(Wait& wait) {
    wait.ready.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, &wait](const boost::system::error_code& e) {
                            if (!e) Accept(wait);
                          });
  }

  void Accept(Wait& wait) {
    const int descriptor = accept4(wait.ready.native_handle(), nullptr, nullptr,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      gate_.OnConnection(descriptor, *grpc_);
      Pause(wait, kApart);
    } else if (IsShortage(errno)) {
      gate_.OnSystemError(errno);
      Pause(wait, kPatience);
    } else {  // it was gone before it was taken
      WaitForConnections(wait);
    }
  }

  void Pause(Wait& wait, std::chrono::milliseconds time) {
    wait.pause.expires_after(time);
    wait.pause.async_wait([this, &wait](const boost::system::error_code& e) {
      if (!e) WaitForConnections(wait);
    });
  }

  ConnectionGate& gate_;
  const ListeningSockets sockets_;
  const std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc_;
  std::vector<std::unique_ptr<Wait>> waits_;
};

ConnectionGate::ConnectionGate(GetQuotas quotas, int most)
    : quotas_(std::move(quotas)),
      most_(static_cast<size_t>(std::max(most, 1))) {}

ConnectionGate::~ConnectionGate() { Stop(); }

absl::StatusOr<std::string> ConnectionGate::Listen(
    const ListenAddress& address,
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc) {
  absl::StatusOr<ListeningSockets> sockets = ListeningSockets::Open(address);
  if (!sockets.ok()) return sockets.status();
  std::string text = sockets->text();
  try {
    if (loop_ == nullptr) loop_ = std::make_unique<asio::io_context>(1);
    listeners_.push_back(std::make_unique<Listener>(*this, *std::move(sockets),
                                                    std::move(grpc)));
  } catch (const boost::system::system_error& error) {
    return absl::UnavailableError(error.code().message());
  }
  return text;
}

void ConnectionGate::Start() {
  for (const auto& listener : listeners_) listener->Start();
  thread_ = std::thread([this] { loop_->run(); });
}

void ConnectionGate::Stop() {
  if (thread_.joinable()) {
    loop_->stop();
    thread_.join();
  }
  listeners_.clear();
}

ConnectionCounts ConnectionGate::Counts() {
  return {table_.CountOpen(), accepted_,      too_many_,
          too_many_of_peer_,  system_errors_, cut_};
}

void ConnectionGate::Cut(const std::string& peer) {
  const std::string endpoint = EndpointOfPeer(peer);
  if (endpoint != AddressOfPeer(peer) && table_.Cut(endpoint)) ++cut_;
}

void ConnectionGate::OnConnection(
    int descriptor, grpc::experimental::ExternalConnectionAcceptor& grpc) {
  if (!Admit(descriptor)) {
    Refuse(descriptor);
    return;
  }
  ++accepted_;
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
      connection;
  connection.fd = descriptor;
  grpc.HandleNewConnection(&connection);
}

bool ConnectionGate::Admit(int descriptor) {
  sockaddr_storage remote = {};
  sockaddr_storage local = {};
  socklen_t remote_size = sizeof(remote);
  socklen_t local_size = sizeof(local);
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&remote),
                  &remote_size) != 0 ||
      getsockname(descriptor, reinterpret_cast<sockaddr*>(&local),
                  &local_size) != 0) {
    return false;  // it is gone again
  }
  const ConnectionPeer peer = PeerOf(remote, local);
  const Quotas quotas = quotas_();
  ConnectionTable::Bounds bounds;
  bounds.total = quotas.max_connections > 0
                     ? std::min<size_t>(quotas.max_connections, most_)
                     : most_;
  bounds.per_peer =
      static_cast<size_t>(std::max(quotas.max_connections_per_peer, 0));
  const MonotonicTime now = Now();
  const auto verdict = table_.Add(descriptor, peer, bounds, now);
  if (verdict == ConnectionTable::Verdict::kTaken) return true;
  const bool of_peer = verdict == ConnectionTable::Verdict::kTooManyOfPeer;
  ++(of_peer ? too_many_of_peer_ : too_many_);
  ++not_logged_;
  if (now - logged_ >= kLogApart) {
    spdlog::warn("connections refused number={} peer={} quota={}", not_logged_,
                 peer.address,
                 of_peer ? "max_connections_per_peer" : "max_connections");
    logged_ = now;
    not_logged_ = 0;
  }
  return false;
}

void ConnectionGate::OnSystemError(int error) {
  ++system_errors_;
  const MonotonicTime now = Now();
  if (now - error_logged_ < kLogApart) return;
  error_logged_ = now;
  spdlog::error("cannot accept connections reason=\"{}\"",
                std::strerror(error));
}

}  // namespace earshot
