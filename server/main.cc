// earshot-server: the playback service. Parses flags, wires, waits for a
// signal, drains.

#include <grpc/support/log.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "server/access/access_control.h"
#include "server/access/access_report.h"
#include "server/earshot_server.h"
#include "server/json_log.h"
#include "server/limits/descriptor_limit.h"
#include "server/server_flags.h"
#include "server/transport/transport_report.h"
#include "server/transport/transport_security.h"

namespace earshot {
namespace {

constexpr int kExitUsage = 2;

int Complain(const absl::Status& status, int code) {
  std::fprintf(stderr, "earshot-server: %s\n",
               std::string(status.message()).c_str());
  return code;
}

void StartLogging(const ServerFlags& flags) {
  auto logger = std::make_shared<spdlog::logger>(
      "earshot", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  spdlog::set_default_logger(logger);
  if (flags.log_json) {
    spdlog::set_formatter(MakeJsonFormatter());
  } else {
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                        spdlog::pattern_time_type::utc);
  }
  spdlog::set_level(spdlog::level::from_str(flags.program.log_level));
  // gRPC's own words are for those who ask for them.
  gpr_set_log_function([](gpr_log_func_args* args) {
    spdlog::debug("grpc said detail=\"{}\"", args->message);
  });
}

// Signals come to SignalSet's reader only; call before there are threads.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// The next signal that ends the server; SIGHUP is done with by `on_hangup`.
template <typename OnHangup>
int WaitForEnd(const sigset_t& signals, const OnHangup& on_hangup) {
  while (true) {
    int number = 0;
    sigwait(&signals, &number);
    if (number != SIGHUP) return number;
    on_hangup();
  }
}

void Print(const std::vector<std::string>& lines, const std::string& prefix) {
  for (const std::string& line : lines) std::puts((prefix + line).c_str());
}

// Says what the files mean, or all that is wrong with them.
int CheckConfig(const ServerFlags& flags,
                const std::vector<ListenAddress>& listen) {
  spdlog::set_level(spdlog::level::off);
  const auto access = AccessControl::Create(flags.access);
  const auto transport = TransportSecurity::Create(flags.transport, listen);
  if (!access.ok()) Complain(access.status(), 1);
  if (!transport.ok()) Complain(transport.status(), 1);
  if (!access.ok() || !transport.ok()) return 1;
  const TransportReport tls =
      ReportTransport(flags.transport, (*transport)->in_use().get(),
                      std::chrono::system_clock::now());
  const AccessReport report = ReportAccess(
      **access, flags.access, !flags.transport.client_ca_file.empty());
  Print(tls.lines, "");
  Print(report.lines, "");
  Print(tls.warnings, "warning: ");
  Print(report.warnings, "warning: ");
  Print(tls.errors, "error: ");
  return tls.errors.empty() ? 0 : 1;
}

int Run(const ServerFlags& flags) {
  absl::StatusOr<std::vector<ListenAddress>> listen =
      ParseListenAddresses(flags.listen);
  if (!listen.ok()) {
    return Complain(absl::InvalidArgumentError(
                        "--listen: " + std::string(listen.status().message())),
                    kExitUsage);
  }
  absl::StatusOr<SinkFactory> sinks = SinkFactory::Create(flags.sink);
  if (!sinks.ok()) {
    return Complain(
        absl::InvalidArgumentError("--sink=" + flags.sink + ": " +
                                   std::string(sinks.status().message())),
        kExitUsage);
  }
  if (flags.check_config) return CheckConfig(flags, *listen);
  const sigset_t signals = BlockSignals();
  StartLogging(flags);
  // Debian builds Abseil with its search for deadlocks, which costs gRPC's
  // every lock; it is for debugging.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ServerOptions options{*listen, *std::move(sinks), {}, EARSHOT_VERSION};
  options.playout.margin = flags.margin;
  options.descriptors = RaiseDescriptorLimit();
  options.resume_timeout = flags.resume_timeout;
  options.metrics = flags.metrics;
  options.record = flags.record;
  options.web = flags.web;
  options.access = flags.access;
  options.transport = flags.transport;
  absl::StatusOr<std::unique_ptr<EarshotServer>> server =
      EarshotServer::Start(std::move(options));
  if (!server.ok()) return Complain(server.status(), 1);
  spdlog::info(
      "server started version={} listen={} sink=\"{}\" margin_floor_ms={} "
      "margin_ceiling_ms={} resume_timeout_ms={}",
      EARSHOT_VERSION, absl::StrJoin((*server)->addresses(), ","), flags.sink,
      flags.margin.floor.count(), flags.margin.ceiling.count(),
      flags.resume_timeout.count());
  if (!flags.metrics.empty()) {
    spdlog::info("metrics listen={} path=/metrics",
                 (*server)->metrics_address());
  }
  if (!flags.web.address.empty()) {
    spdlog::info("web listen={} url={}", (*server)->web_address(),
                 (*server)->web_url());
  }
  for (const ListenAddress& address : *listen) {
    if (StaysOnThisMachine(address) || flags.transport.uses_tls()) continue;
    spdlog::warn(
        "not encrypted, and open to whoever reaches the address listen={}",
        address.text);
  }

  const int number =
      WaitForEnd(signals, [&server] { (*server)->ReloadFiles(); });
  spdlog::info("server drains signal={} timeout_ms={}", strsignal(number),
               flags.drain_timeout.count());
  std::thread([signals] {
    WaitForEnd(signals, [] {});
    _exit(1);
  }).detach();
  const bool drained = (*server)->Drain(flags.drain_timeout);
  spdlog::info("server stopped drained={}", drained);
  return 0;
}

int Main(int argc, char** argv) {
  absl::StatusOr<ServerFlags> flags =
      ParseServerFlags(std::vector<std::string>(argv + 1, argv + argc));
  if (!flags.ok()) return Complain(flags.status(), kExitUsage);
  if (flags->program.help) {
    std::fputs(ServerHelp().c_str(), stdout);
    return 0;
  }
  if (flags->program.version) {
    std::puts("earshot-server " EARSHOT_VERSION);
    return 0;
  }
  return Run(*flags);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
