#include "device/vhost_user/backend.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "device/vhost_user/listener.h"

namespace earshot::vhost_user {
namespace {

using boost::system::error_code;

// The loop is where real time comes in.
MonotonicTime Now() { return std::chrono::steady_clock::now(); }

// Messages in a row before kicks and the timer have their turn.
constexpr int kMaxMessagesInARow = 64;
// Without file descriptors left, accept() would fail at once, again and again.
constexpr std::chrono::milliseconds kAcceptRetry(100);

}  // namespace

Backend::Vmm::Vmm(Backend* backend, UniqueFd fd, MonotonicTime now)
    : socket(*backend->loop_),
      connection(fd.get()),
      kicks(backend->device_->queue_count()),
      session(
          backend->device_,
          [backend, this](int ring, int kick) {
            return backend->WatchKick(this, ring, kick);
          },
          now),
      unwatched(std::move(fd)) {}

absl::Status Backend::Vmm::Watch() {
  error_code error;
  socket.assign(unwatched.get(), error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("the connection cannot be watched: ", error.message()));
  }
  unwatched.release();  // socket owns it
  return absl::OkStatus();
}

Backend::Backend(boost::asio::io_context* loop, VirtioDevice* device,
                 std::string socket_path)
    : loop_(loop),
      device_(device),
      socket_path_(std::move(socket_path)),
      listener_(*loop),
      accept_retry_(*loop),
      timer_(*loop) {}

absl::StatusOr<std::unique_ptr<Backend>> Backend::Create(
    boost::asio::io_context* loop, VirtioDevice* device,
    std::string socket_path) {
  absl::StatusOr<UniqueFd> listening = ListenAt(socket_path);
  if (!listening.ok()) return listening.status();
  return Create(loop, device, *std::move(listening), std::move(socket_path));
}

std::unique_ptr<Backend> Backend::Create(boost::asio::io_context* loop,
                                         VirtioDevice* device,
                                         UniqueFd listening,
                                         std::string socket_path) {
  std::unique_ptr<Backend> backend(
      new Backend(loop, device, std::move(socket_path)));
  backend->listener_.assign(listening.release());
  backend->WaitForVmm();
  return backend;
}

Backend::~Backend() { Shutdown(); }

void Backend::Shutdown() {
  if (!listener_.is_open()) return;
  if (vmm_ != nullptr) Disconnect(Now());
  error_code ignored;
  listener_.close(ignored);
  accept_retry_.cancel();
  timer_.cancel();
  armed_ = MonotonicTime::max();
  if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

template <typename Function>
auto Backend::Handler(Function function) {
  return [alive = std::weak_ptr<int>(alive_),
          function = std::move(function)](const error_code& error) {
    if (!error && !alive.expired()) function();
  };
}

// --- Connections ---

void Backend::WaitForVmm() {
  listener_.async_wait(Descriptor::wait_read, Handler([this] { Accept(); }));
}

void Backend::Accept() {
  if (!listener_.is_open()) return;
  const MonotonicTime now = Now();
  UniqueFd socket(accept4(listener_.native_handle(), nullptr, nullptr,
                          SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid() && errno != EAGAIN && errno != ECONNABORTED) {
    if (!std::exchange(accept_fails_, true)) {
      spdlog::error("cannot accept a VMM, trying again error=\"{}\"",
                    std::strerror(errno));
    }
    accept_retry_.expires_after(kAcceptRetry);
    accept_retry_.async_wait(Handler([this] { WaitForVmm(); }));
    return;
  }
  accept_fails_ = false;
  WaitForVmm();
  if (!socket.valid()) return;
  if (vmm_ != nullptr && vmm_->connection.PeerHasGone()) Disconnect(now);
  if (vmm_ != nullptr) {
    ++stats_.refused_connections;
    spdlog::warn("connection refused: another VMM is connected");
    return;
  }
  ++stats_.connections;
  spdlog::info("VMM connected socket={}", socket_path_);
  vmm_ = std::make_shared<Vmm>(this, std::move(socket), now);
  if (absl::Status watched = vmm_->Watch(); !watched.ok()) {
    EndConnection(watched, now);
    return;
  }
  AfterDevice(now);
  if (vmm_ != nullptr) WaitForMessages();
}

void Backend::EndConnection(const absl::Status& reason, MonotonicTime now) {
  if (absl::IsUnavailable(reason)) {
    spdlog::info("VMM gone reason=\"{}\"", std::string(reason.message()));
  } else {
    ++stats_.protocol_errors;
    spdlog::error("VMM connection closed reason=\"{}\"",
                  std::string(reason.message()));
  }
  Disconnect(now);
}

void Backend::Disconnect(MonotonicTime now) {
  vmm_->session.Close(now);
  error_code ignored;
  vmm_->socket.close(ignored);
  vmm_.reset();
  ArmTimer(now);
}

// --- Messages ---

void Backend::WaitForMessages() {
  vmm_->socket.async_wait(Descriptor::wait_read, Handler([this, vmm = vmm_] {
                            if (vmm != vmm_) return;
                            const MonotonicTime now = Now();
                            const absl::Status status = HandleMessages(now);
                            if (!status.ok()) {
                              EndConnection(status, now);
                              return;
                            }
                            AfterDevice(now);
                            if (vmm_ != nullptr) WaitForMessages();
                          }));
}

absl::Status Backend::HandleMessages(MonotonicTime now) {
  for (int i = 0; i < kMaxMessagesInARow; ++i) {
    absl::StatusOr<std::optional<Message>> message = vmm_->connection.Read();
    if (!message.ok()) return message.status();
    if (!message->has_value()) return absl::OkStatus();
    const uint32_t request = (*message)->header.request;
    absl::StatusOr<std::optional<Answer>> reply =
        vmm_->session.Handle(**std::move(message), now);
    if (!reply.ok()) return reply.status();
    if (!reply->has_value()) continue;
    absl::Status sent = vmm_->connection.Reply(request, **reply);
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

// --- Kicks ---

absl::Status Backend::WatchKick(Vmm* vmm, int ring, int fd) {
  std::shared_ptr<Descriptor>& kick = vmm->kicks[ring];
  if (kick != nullptr) {
    kick->release();  // the session closes it
    kick = nullptr;
  }
  if (fd < 0) return absl::OkStatus();
  auto watched = std::make_shared<Descriptor>(*loop_);
  error_code error;
  watched->assign(fd, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the kick fd cannot be watched: ", error.message()));
  }
  kick = watched;
  WaitForKick(ring, std::move(watched));
  return absl::OkStatus();
}

void Backend::WaitForKick(int ring, std::shared_ptr<Descriptor> kick) {
  Descriptor& descriptor = *kick;
  descriptor.async_wait(Descriptor::wait_read,
                        Handler([this, ring, kick = std::move(kick)] {
                          if (vmm_ == nullptr || vmm_->kicks[ring] != kick)
                            return;
                          const MonotonicTime now = Now();
                          vmm_->session.OnKick(ring, now);
                          AfterDevice(now);
                          if (vmm_ != nullptr && vmm_->kicks[ring] == kick)
                            WaitForKick(ring, kick);
                        }));
}

// --- The device's timer ---

void Backend::Poll() {
  const MonotonicTime now = Now();
  device_->OnTimer(now);
  AfterDevice(now);
}

void Backend::AfterDevice(MonotonicTime now) {
  if (vmm_ != nullptr) {
    if (absl::Status good = vmm_->session.Check(); !good.ok()) {
      EndConnection(good, now);
      return;
    }
  }
  ArmTimer(now);
}

void Backend::ArmTimer(MonotonicTime now) {
  const MonotonicTime deadline = device_->NextDeadline(now);
  if (deadline == armed_) return;
  armed_ = deadline;
  if (deadline == MonotonicTime::max()) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(deadline);
  timer_.async_wait(Handler([this] {
    // An earlier wait may have been on its way already.
    if (Now() < armed_) return;
    armed_ = MonotonicTime::max();
    Poll();
  }));
}

}  // namespace earshot::vhost_user
