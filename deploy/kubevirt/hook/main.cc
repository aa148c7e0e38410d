// earshot-kubevirt-hook: gives a VM of KubeVirt its sound card, and runs the
// card's device beside it.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "deploy/kubevirt/hook/device_keeper.h"
#include "deploy/kubevirt/hook/hook_flags.h"
#include "deploy/kubevirt/hook/hook_server.h"
#include "deploy/kubevirt/hook/hook_services.h"
#include "deploy/kubevirt/hook/sound_card_hook.h"

namespace earshot {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "earshot-kubevirt-hook: %s\n",
               std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailure;
}

std::string DeviceProgram(const HookFlags& flags) {
  if (!flags.device.empty()) return flags.device;
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored)
      .replace_filename("earshot-device");
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Calls `reap` whenever a child may have ended.
void WatchChildren(boost::asio::signal_set& signals,
                   std::function<void()> reap) {
  signals.async_wait(
      [&signals, reap = std::move(reap)](boost::system::error_code error, int) {
        if (error) return;
        reap();
        WatchChildren(signals, reap);
      });
}

int Run(const HookFlags& flags) {
  const HookPaths paths = PathsOf(flags.socket, Environment("CONTAINER_NAME"));
  std::error_code error;
  std::filesystem::create_directories(paths.folder, error);
  if (error) {
    return Fail(absl::UnavailableError("cannot make " + paths.folder + ": " +
                                       error.message()));
  }
  boost::asio::io_context loop(1);
  boost::asio::signal_set children(loop, SIGCHLD);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  auto keeper =
      DeviceKeeper::Create(&loop, {.program = DeviceProgram(flags),
                                   .arguments = flags.device_arguments,
                                   .socket = paths.device,
                                   .restart = {}});
  if (!keeper.ok()) return Fail(keeper.status());
  DeviceKeeper& device = **keeper;
  WatchChildren(children, [&device] { device.Reap(); });

  std::unique_ptr<HookServer> server;
  std::thread closing;
  // Calls are answered until none is under way, so the loop still runs.
  auto shut_down = [&] {
    device.Stop([&] {
      closing = std::thread([&] {
        server->Shutdown();
        loop.stop();
      });
    });
  };
  const SoundCardHook hook(
      flags.vm, paths.device_for_qemu,
      [&](const std::string& vm, std::function<void(absl::Status)> ready) {
        boost::asio::post(loop, [&device, vm, ready = std::move(ready)] {
          device.Start(vm, ready);
        });
      });
  InfoService info;
  CallbacksService callbacks(&hook,
                             flags.fail ? CallbacksService::OnFailure::kFail
                                        : CallbacksService::OnFailure::kBoot,
                             [&] { boost::asio::post(loop, shut_down); });
  DomainHookService plugin(&hook);
  auto serving = HookServer::Create(flags.socket, paths.staging,
                                    {&info, &callbacks, &plugin});
  if (!serving.ok()) return Fail(serving.status());
  server = *std::move(serving);
  spdlog::info("ready socket={} device_for_qemu={}", flags.socket,
               paths.device_for_qemu);

  signals.async_wait([&](boost::system::error_code wait_error, int signal) {
    if (wait_error) return;
    spdlog::info("shutting down signal={}", signal);
    shut_down();
  });
  loop.run();
  closing.join();
  server.reset();  // before its services
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  auto flags = earshot::ParseHookFlags(argc, argv);
  if (!flags.ok()) {
    std::fprintf(stderr, "earshot-kubevirt-hook: %s; see --help\n",
                 std::string(flags.status().message()).c_str());
    return earshot::kExitUsage;
  }
  if (flags->program.help) {
    std::fputs(earshot::HookUsage().c_str(), stdout);
    return EXIT_SUCCESS;
  }
  if (flags->program.version) {
    std::puts("earshot-kubevirt-hook " EARSHOT_VERSION);
    return EXIT_SUCCESS;
  }
  // Debian builds Abseil with its search for deadlocks, which is for debugging.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  std::signal(SIGPIPE, SIG_IGN);
  spdlog::set_default_logger(spdlog::stderr_logger_mt("earshot-kubevirt-hook"));
  spdlog::set_level(spdlog::level::from_str(flags->program.log_level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l hook: %v");
  return earshot::Run(*flags);
}
