#include "device/earshot_device.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

namespace earshot {
namespace {

// How long the process waits for the service to play the tail of an epoch
// before it exits: longer than the tail (the server's margin and queue), and
// shorter than a supervisor's patience.
constexpr std::chrono::seconds kTailPatience{2};

std::vector<PcmOutput*> BordersOf(
    const std::vector<std::unique_ptr<RemoteOutput>>& outputs) {
  std::vector<PcmOutput*> borders;
  for (const auto& output : outputs) borders.push_back(output.get());
  return borders;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EarshotDevice>> EarshotDevice::Create(
    boost::asio::io_context* loop, Options options) {
  std::vector<std::unique_ptr<RemoteOutput>> outputs;
  for (int id = 0; id < options.streams; ++id) {
    RemotePlayer::Options playback = options.playback;
    playback.stream = "vms/" + options.vm + "/streams/" + std::to_string(id);
    auto player =
        RemotePlayer::Create(std::move(playback), loop->get_executor());
    if (!player.ok()) return player.status();
    outputs.push_back(std::make_unique<RemoteOutput>(*std::move(player),
                                                     options.drop_on_release));
  }
  std::unique_ptr<EarshotDevice> device(new EarshotDevice(
      loop, options.socket_path, std::move(outputs), options.sound));
  device->backend_ = vhost_user::Backend::Create(
      loop, &device->sound_, std::move(options.listening),
      std::move(options.socket_path));
  return device;
}

EarshotDevice::EarshotDevice(boost::asio::io_context* loop,
                             std::string socket_path,
                             std::vector<std::unique_ptr<RemoteOutput>> outputs,
                             const SoundDeviceOptions& sound)
    : loop_(loop),
      socket_path_(std::move(socket_path)),
      outputs_(std::move(outputs)),
      sound_(BordersOf(outputs_), sound),
      shutdown_timer_(*loop) {
  for (const auto& output : outputs_) {
    output->player().set_on_due([this] { OnDue(); });
  }
}

bool EarshotDevice::IsReachable() const {
  // An inherited one has its maker to look after it.
  return !shutting_down_ &&
         (socket_path_.empty() || access(socket_path_.c_str(), F_OK) == 0);
}

bool EarshotDevice::IsConnected() const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [](const auto& output) { return output->IsConnected(); });
}

DeviceFigures EarshotDevice::Figures(MonotonicTime now) const {
  DeviceFigures figures;
  figures.vmm_connected = backend_->connected();
  figures.vmm = backend_->stats();
  figures.sound = sound_.stats();
  for (size_t id = 0; id < outputs_.size(); ++id) {
    const PcmStream& guest = sound_.stream(static_cast<int>(id));
    const RemotePlayer& player = outputs_[id]->player();
    StreamFigures stream;
    stream.state = guest.state();
    stream.guest = guest.stats();
    stream.player = player.stats();
    stream.total = player.totals();
    if (stream.player.rate_hz > 0) {
      stream.delay_seconds =
          static_cast<double>(outputs_[id]->DelayFrames(now)) /
          stream.player.rate_hz;
    }
    figures.streams.push_back(std::move(stream));
  }
  for (const Jack& jack : sound_.jacks()) {
    figures.jacks.push_back(jack.connected());
  }
  return figures;
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
  for (const auto& output : outputs_) {
    output->player().Close(std::chrono::steady_clock::now());
  }
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
