// earshot-device: a guest's virtio sound card whose loudspeaker is remote.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "client/credentials.h"
#include "device/device_flags.h"
#include "device/earshot_device.h"
#include "device/health/health_endpoint.h"
#include "device/health/health_listener.h"
#include "device/limited_log_sink.h"
#include "device/metrics/device_metrics.h"
#include "device/sandbox/account.h"
#include "device/sandbox/sandbox.h"
#include "device/vhost_user/listener.h"
#include "metrics/http_listener.h"
#include "metrics/metrics_endpoint.h"
#include "metrics/process_metrics.h"

namespace earshot {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "earshot-device: %s\n",
               std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailure;
}

// The socket where the VMM connects: ours, or inherited.
absl::StatusOr<vhost_user::UniqueFd> Listen(const DeviceFlags& flags) {
  if (!flags.socket.empty()) return vhost_user::ListenAt(flags.socket);
  if (flags.socket_fd.has_value()) {
    return vhost_user::AdoptListener(*flags.socket_fd);
  }
  absl::StatusOr<int> activated = vhost_user::TakeActivatedFd();
  if (activated.ok()) return vhost_user::AdoptListener(*activated);
  if (!absl::IsNotFound(activated.status())) return activated.status();
  return absl::InvalidArgumentError(
      "--socket=PATH or --socket-fd=N is needed: where the VMM connects; see "
      "--help");
}

// The sockets that a start has made: they go with it if it is refused.
class MadeSockets {
 public:
  MadeSockets() = default;
  ~MadeSockets() {
    for (const std::string& path : paths_) unlink(path.c_str());
  }
  MadeSockets(const MadeSockets&) = delete;
  MadeSockets& operator=(const MadeSockets&) = delete;

  // None if empty.
  void Add(const std::string& path) {
    if (!path.empty()) paths_.push_back(path);
  }
  // They have another owner now.
  void Release() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

// What can be refused before anything is made: once it runs as another user it
// may be unable to take it away.
absl::Status CheckBeforehand(const DeviceFlags& flags) {
  const auto credentials =
      Credentials::Create(flags.playback.connection().security());
  if (!credentials.ok()) return credentials.status();
  if (flags.user.empty()) return absl::OkStatus();
  return FindAccount(flags.user).status();
}

// Behind its listening sockets, before anything else is started.
absl::Status LockUp(const DeviceFlags& flags, const std::string& health_path) {
  if (!flags.sandbox) return absl::OkStatus();
  SandboxOptions options;
  for (const std::string& path : {flags.socket, health_path}) {
    if (!path.empty()) options.sockets.push_back(path);
  }
  options.servers = flags.playback.server();
  const SecurityOptions& security = flags.playback.connection().security();
  for (const std::string* file : {&security.ca_file, &security.certificate_file,
                                  &security.key_file, &security.token_file}) {
    if (!file->empty()) options.files.push_back(*file);
  }
  if (!flags.user.empty()) {
    const auto account = FindAccount(flags.user);
    if (!account.ok()) return account.status();
    // An inherited one is its maker's.
    if (!flags.socket.empty()) {
      absl::Status given = GiveSocket(flags.socket, *account);
      if (!given.ok()) return given;
    }
    options.account = *account;
  }
  return EnterSandbox(options);
}

std::vector<std::pair<std::string, std::string>> CertificatesOf(
    const SecurityOptions& security) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& [file, path] :
       {std::pair{"certificate", &security.certificate_file},
        std::pair{"ca", &security.ca_file}}) {
    if (!path->empty()) files.push_back({file, *path});
  }
  return files;
}

std::unique_ptr<metrics::MetricsEndpoint> OfferMetrics(
    metrics::HttpListener listener, const DeviceFlags& flags,
    const EarshotDevice* device, boost::asio::io_context* loop) {
  spdlog::info("metrics listen={} path=/metrics", listener.text());
  return std::make_unique<metrics::MetricsEndpoint>(
      std::move(listener),
      metrics::MetricsPage::Collectables{
          std::make_shared<metrics::ProcessMetrics>("earshot-device",
                                                    EARSHOT_VERSION),
          std::make_shared<DeviceMetrics>(
              flags.playback.vm(), loop,
              [device] {
                return device->Figures(std::chrono::steady_clock::now());
              },
              CertificatesOf(flags.playback.connection().security()))});
}

std::unique_ptr<HealthEndpoint> OfferHealth(HealthListener listener,
                                            const EarshotDevice* device,
                                            boost::asio::io_context* loop) {
  spdlog::info("health listen={}", listener.text);
  return std::make_unique<HealthEndpoint>(
      std::move(listener), loop,
      [device](const std::string& service) -> std::optional<bool> {
        if (service.empty() || service == "liveness") return true;
        if (service == "readiness" || service == "startup") {
          return device->IsReachable();
        }
        if (service == "service") return device->IsConnected();
        return std::nullopt;
      });
}

int Run(const DeviceFlags& flags) {
  if (absl::Status ok = CheckBeforehand(flags); !ok.ok()) return Fail(ok);
  MadeSockets made;
  auto listening = Listen(flags);
  if (!listening.ok()) return Fail(listening.status());
  made.Add(flags.socket);
  // Once it is locked up it cannot listen any more.
  std::optional<metrics::HttpListener> metrics_listener;
  if (!flags.metrics.empty()) {
    auto opened = metrics::HttpListener::Open(flags.metrics);
    if (!opened.ok()) {
      return Fail(absl::UnavailableError(
          "--metrics: " + std::string(opened.status().message())));
    }
    metrics_listener = *std::move(opened);
  }
  std::optional<HealthListener> health_listener;
  if (!flags.health.empty()) {
    auto opened = HealthListener::Open(flags.health);
    if (!opened.ok()) {
      return Fail(absl::UnavailableError(
          "--health: " + std::string(opened.status().message())));
    }
    health_listener = *std::move(opened);
    made.Add(health_listener->path);
  }
  const absl::Status locked =
      LockUp(flags, health_listener ? health_listener->path : "");
  if (!locked.ok()) return Fail(locked);
  boost::asio::io_context loop(1);
  EarshotDevice::Options options;
  options.listening = *std::move(listening);
  options.socket_path = flags.socket;
  options.vm = flags.playback.vm();
  options.streams = flags.streams;
  options.sound.offer = flags.offer.offer();
  options.sound.jacks = flags.jacks;
  options.sound.controls = flags.controls;
  options.playback.server = flags.playback.server();
  options.playback.security = flags.playback.connection().security();
  options.playback.client = "earshot-device/" EARSHOT_VERSION;
  options.playback.labels = flags.labels;
  options.playback.codec = flags.playback.codec();
  options.playback.low_latency = flags.playback.low_latency();
  options.drop_on_release = flags.drop_on_release;
  auto device = EarshotDevice::Create(&loop, std::move(options));
  if (!device.ok()) return Fail(device.status());
  made.Release();
  spdlog::info("ready socket={} server={} vm={}", flags.socket,
               flags.playback.server(), flags.playback.vm());
  std::unique_ptr<metrics::MetricsEndpoint> metrics_endpoint;
  if (metrics_listener.has_value()) {
    metrics_endpoint =
        OfferMetrics(*std::move(metrics_listener), flags, device->get(), &loop);
  }
  std::unique_ptr<HealthEndpoint> health_endpoint;
  if (health_listener.has_value()) {
    health_endpoint =
        OfferHealth(*std::move(health_listener), device->get(), &loop);
  }
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code error, int signal) {
    if (error) return;
    spdlog::info("shutting down signal={}", signal);
    (*device)->Shutdown();
    // A second one does not wait for the tail.
    signals.async_wait([&](boost::system::error_code again, int) {
      if (!again) loop.stop();
    });
  });
  loop.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  auto flags = earshot::ParseDeviceFlags(argc, argv);
  if (!flags.ok()) {
    std::fprintf(stderr, "earshot-device: %s; see --help\n",
                 std::string(flags.status().message()).c_str());
    return earshot::kExitUsage;
  }
  if (flags->program.help) {
    std::fputs(earshot::DeviceUsage().c_str(), stdout);
    return EXIT_SUCCESS;
  }
  if (flags->program.version) {
    std::puts("earshot-device " EARSHOT_VERSION);
    return EXIT_SUCCESS;
  }
  // Debian builds Abseil with its search for deadlocks, which costs gRPC's
  // every lock; it is for debugging.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Whoever reads the log, or an interrupt of a ring, may go away.
  std::signal(SIGPIPE, SIG_IGN);
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "earshot-device",
      std::make_shared<earshot::LimitedLogSink>(
          std::make_shared<spdlog::sinks::stderr_sink_st>())));
  spdlog::set_level(spdlog::level::from_str(flags->program.log_level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  return earshot::Run(*flags);
}
