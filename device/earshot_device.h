#ifndef EARSHOT_DEVICE_EARSHOT_DEVICE_H_
#define EARSHOT_DEVICE_EARSHOT_DEVICE_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/remote_player.h"
#include "device/metrics/device_figures.h"
#include "device/remote_output.h"
#include "device/sound/sound_device.h"
#include "device/vhost_user/backend.h"
#include "device/vhost_user/unique_fd.h"

namespace earshot {

// The parts of the device process, wired together: a vhost-user back-end with a
// sound device whose streams play at a playback service.
// Thread: the one that runs the loop.
class EarshotDevice {
 public:
  struct Options {
    // Where the VMM connects: a socket that listens, and its path, which is
    // removed in the end.
    vhost_user::UniqueFd listening;
    std::string socket_path;
    std::string vm;
    int streams = 1;  // they are vms/{vm}/streams/0, 1, …
    SoundDeviceOptions sound;
    RemotePlayer::Options playback;  // of every stream but for its name
    bool drop_on_release = false;    // see RemoteOutput
  };

  // Begins to connect to the service, which starts threads; runs once `loop`
  // does, which outlives it. Errors say what to do.
  static absl::StatusOr<std::unique_ptr<EarshotDevice>> Create(
      boost::asio::io_context* loop, Options options);
  EarshotDevice(const EarshotDevice&) = delete;
  EarshotDevice& operator=(const EarshotDevice&) = delete;

  // Lets the VMM go, ends the epoch and the stream, waits a moment for the
  // service to have played the tail, and stops the loop.
  void Shutdown();

  // Whether a VMM finds the socket where it connects.
  bool IsReachable() const;
  // Whether the service has any of the streams.
  bool IsConnected() const;
  // How it stands.
  DeviceFigures Figures(MonotonicTime now) const;

 private:
  EarshotDevice(boost::asio::io_context* loop, std::string socket_path,
                std::vector<std::unique_ptr<RemoteOutput>> outputs,
                const SoundDeviceOptions& sound);

  void OnDue();

  boost::asio::io_context* const loop_;
  const std::string socket_path_;
  const std::vector<std::unique_ptr<RemoteOutput>> outputs_;
  SoundDevice sound_;
  std::unique_ptr<vhost_user::Backend> backend_;
  boost::asio::steady_timer shutdown_timer_;
  bool polled_ = false;  // a Poll() waits in the loop
  bool shutting_down_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_EARSHOT_DEVICE_H_
