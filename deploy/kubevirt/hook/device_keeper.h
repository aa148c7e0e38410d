#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_DEVICE_KEEPER_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_DEVICE_KEEPER_H_

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/kubevirt/hook/device_probe.h"
#include "deploy/kubevirt/hook/restart_delay.h"

namespace earshot {

// Keeps earshot-device running as a child, from the VM's name on that it is
// told. The vhost-user socket is made here and inherited by each child, so a
// VMM finds it at any time, and waits while the device is started again.
// Thread: the loop's, which also runs while it is destroyed.
class DeviceKeeper {
 public:
  struct Options {
    std::string program;
    std::vector<std::string> arguments;  // beside the socket and the VM
    std::string socket;
    RestartDelay::Options restart;
    // How long a VM waits for its device at most; virt-launcher waits for 30 s.
    std::chrono::milliseconds patience{10000};
    // From SIGTERM to SIGKILL: the device plays what it has for 2 s at most.
    std::chrono::milliseconds grace{5000};
  };
  using Ready = std::function<void(absl::Status)>;

  // Listens at the socket; one that was left behind is replaced.
  static absl::StatusOr<std::unique_ptr<DeviceKeeper>> Create(
      boost::asio::io_context* loop, Options options);
  ~DeviceKeeper();

  // Starts the device for `vm` unless it runs; `ready` is called once a VMM
  // can use it, at once if that was so before. FAILED_PRECONDITION if the
  // device does not take its flags, or plays for another VM.
  void Start(const std::string& vm, Ready ready);
  // Ends the device; nothing is started any more. `stopped` is called when it
  // has ended.
  void Stop(std::function<void()> stopped);
  // Collects children that have ended: after each SIGCHLD. As a container's
  // first process this one inherits those of others, too.
  void Reap();

  pid_t pid() const { return pid_; }

 private:
  // kIdle → kRunning at Start; kRunning → kWaiting when the child ends, or
  // kRefused if it does not take its flags; kWaiting → kRunning after the
  // delay; any → kStopping at Stop; kStopping → kStopped without a child.
  enum class State { kIdle, kRunning, kWaiting, kRefused, kStopping, kStopped };

  DeviceKeeper(boost::asio::io_context* loop, Options options);
  void Run();
  void Probe();
  void Ended(int status);
  void Tell(const absl::Status& status);

  boost::asio::io_context* const loop_;
  const Options options_;
  boost::asio::local::stream_protocol::acceptor listener_;
  boost::asio::steady_timer timer_;     // of the next start, or of SIGKILL
  boost::asio::steady_timer again_;     // of the next probe
  boost::asio::steady_timer patience_;  // of who waits
  RestartDelay delay_;
  State state_ = State::kIdle;
  std::string vm_;
  pid_t pid_ = -1;
  MonotonicTime started_;
  bool ready_ = false;
  std::shared_ptr<DeviceProbe> probe_;
  std::vector<Ready> waiting_;
  std::function<void()> stopped_;
};

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_DEVICE_KEEPER_H_
