#ifndef EARSHOT_DEVICE_VHOST_USER_BACKEND_H_
#define EARSHOT_DEVICE_VHOST_USER_BACKEND_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "device/vhost_user/connection.h"
#include "device/vhost_user/session.h"
#include "device/vhost_user/unique_fd.h"
#include "device/virtio/virtio_device.h"

namespace earshot::vhost_user {

// Offers a virtio device to a VMM over a vhost-user socket. One VMM at a time;
// when it goes, or sends what is no vhost-user, the device is reset and the
// socket accepts the next one. Nothing that a VMM does ends the process.
//
// It brings sockets, kicks and the device's timer to the loop; the protocol is
// Session's. Thread: the one that runs the loop.
class Backend {
 public:
  struct Stats {
    int64_t connections = 0;          // VMMs that came
    int64_t protocol_errors = 0;      // connections that were closed for one
    int64_t refused_connections = 0;  // while another VMM was there
  };

  // Listens at `socket_path`, see ListenAt(). `loop` and `device` outlive it.
  static absl::StatusOr<std::unique_ptr<Backend>> Create(
      boost::asio::io_context* loop, VirtioDevice* device,
      std::string socket_path);
  // The same with a socket that listens already. `socket_path` is removed in
  // the end, unless it is empty.
  static std::unique_ptr<Backend> Create(boost::asio::io_context* loop,
                                         VirtioDevice* device,
                                         UniqueFd listening,
                                         std::string socket_path);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // Something that the device waits for has happened: calls its OnTimer(). Not
  // from within a call to the device; post it to the loop.
  void Poll();

  // Lets the VMM go, removes the socket, and leaves the loop nothing to do.
  void Shutdown();

  bool connected() const { return vmm_ != nullptr; }
  const Stats& stats() const { return stats_; }

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  // The VMM that is connected.
  struct Vmm {
    Vmm(Backend* backend, UniqueFd socket, MonotonicTime now);
    // To be called before anything else.
    absl::Status Watch();

    Descriptor socket;  // owns the fd from Watch() on
    Connection connection;
    // Watched for the session, which owns the fds.
    std::vector<std::shared_ptr<Descriptor>> kicks;
    Session session;
    UniqueFd unwatched;  // the socket's fd until then
  };

  Backend(boost::asio::io_context* loop, VirtioDevice* device,
          std::string socket_path);

  // A handler for the loop that does nothing once it is canceled or the
  // backend is gone.
  template <typename Function>
  auto Handler(Function function);

  void WaitForVmm();
  void Accept();
  void WaitForMessages();
  absl::Status HandleMessages(MonotonicTime now);
  absl::Status WatchKick(Vmm* vmm, int ring, int fd);
  void WaitForKick(int ring, std::shared_ptr<Descriptor> kick);
  void EndConnection(const absl::Status& reason, MonotonicTime now);
  void Disconnect(MonotonicTime now);
  // After every call into the device: whether its memory is still there, and
  // when it wants to be called next. The VMM may be gone then.
  void AfterDevice(MonotonicTime now);
  void ArmTimer(MonotonicTime now);

  boost::asio::io_context* const loop_;
  VirtioDevice* const device_;
  const std::string socket_path_;
  Descriptor listener_;
  boost::asio::steady_timer accept_retry_;
  bool accept_fails_ = false;  // and was reported
  boost::asio::steady_timer timer_;
  MonotonicTime armed_ = MonotonicTime::max();  // when timer_ is to ring
  std::shared_ptr<Vmm> vmm_;
  Stats stats_;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace earshot::vhost_user

#endif  // EARSHOT_DEVICE_VHOST_USER_BACKEND_H_
