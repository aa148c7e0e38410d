#include "device/earshot_device.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

namespace earshot {
namespace {

// How long the process waits for the service to play the tail of an epoch
// before it exits: longer than the tail (the server's margin and queue), and
// shorter than a supervisor's patience.
constexpr std::chrono::seconds kTailPatience{2};

}  // namespace

absl::StatusOr<std::unique_ptr<EarshotDevice>> EarshotDevice::Create(
    boost::asio::io_context* loop, Options options) {
  auto player =
      RemotePlayer::Create(std::move(options.playback), loop->get_executor());
  if (!player.ok()) return player.status();
  std::unique_ptr<EarshotDevice> device(
      new EarshotDevice(loop, *std::move(player), options.drop_on_release));
  device->backend_ = vhost_user::Backend::Create(
      loop, &device->sound_, std::move(options.listening),
      std::move(options.socket_path));
  return device;
}

EarshotDevice::EarshotDevice(boost::asio::io_context* loop,
                             std::unique_ptr<RemotePlayer> player,
                             bool drop_on_release)
    : loop_(loop),
      output_(std::move(player), drop_on_release),
      sound_({&output_}),
      shutdown_timer_(*loop) {
  output_.player().set_on_due([this] { OnDue(); });
}

void EarshotDevice::OnDue() {
  if (shutting_down_) {
    if (!IsConnected()) loop_->stop();
    return;
  }
  if (polled_) return;
  polled_ = true;
  // Posted: the player may be within a call from the device.
  boost::asio::post(*loop_, [this] {
    polled_ = false;
    if (!shutting_down_) backend_->Poll();
  });
}

void EarshotDevice::Shutdown() {
  if (shutting_down_) return;
  shutting_down_ = true;
  backend_->Shutdown();  // which resets the device: that ends the epoch
  output_.player().Close(std::chrono::steady_clock::now());
  if (!IsConnected()) {
    loop_->stop();
    return;
  }
  shutdown_timer_.expires_after(kTailPatience);
  shutdown_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) loop_->stop();
  });
}

}  // namespace earshot
