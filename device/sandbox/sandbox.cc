#include "device/sandbox/sandbox.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "device/sandbox/landlock.h"
#include "device/sandbox/privileges.h"
#include "device/sandbox/sanitizers.h"
#include "device/sandbox/syscall_filter.h"
#include "device/sandbox/syscall_rules.h"

namespace earshot {
namespace {

// For names, certificates and local time. /etc as a whole: a file that is
// replaced, as resolv.conf is when a network changes, is another one to
// Landlock. What only root may read there, --user keeps.
const char* const kReadable[] = {
    "/etc",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/usr/lib/ssl",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    // What a C library asks about the machine and itself.
    "/dev/urandom",
    "/proc/self",
    "/sys/devices/system/cpu",
};

constexpr uint16_t kDnsPort = 53;

bool HasOneThread() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return error || std::distance(begin(threads), end(threads)) == 1;
}

std::vector<uint16_t> Ports(const std::string& servers) {
  std::vector<uint16_t> ports = {kDnsPort};
  for (const absl::string_view server : absl::StrSplit(servers, ',')) {
    const size_t colon = server.rfind(':');
    uint32_t port = 0;
    if (colon != absl::string_view::npos &&
        absl::SimpleAtoi(server.substr(colon + 1), &port) && port <= 65535) {
      ports.push_back(static_cast<uint16_t>(port));
    }
  }
  return ports;
}

// The folders of a file and of what a link there leads to; never all of "/".
void AddFolders(const std::string& file, std::vector<std::string>& read) {
  std::error_code error;
  for (const auto& path : {std::filesystem::absolute(file, error),
                           std::filesystem::canonical(file, error)}) {
    if (path.empty()) continue;
    const auto folder = path.parent_path();
    read.push_back((folder == "/" ? path : folder).string());
  }
}

LandlockRules Reach(const SandboxOptions& options) {
  LandlockRules rules;
  rules.read.assign(std::begin(kReadable), std::end(kReadable));
  for (const std::string& file : options.files) AddFolders(file, rules.read);
  for (const std::string& socket : options.sockets) {
    const auto folder = std::filesystem::path(socket).parent_path();
    rules.remove.push_back(folder.empty() ? "." : folder.string());
  }
  rules.tcp_ports = Ports(options.servers);
  // gRPC finds out by such a port of ::1 whether there is IPv6.
  rules.own_ports = {0};
  return rules;
}

absl::StatusOr<std::string> LimitReach(const SandboxOptions& options) {
  const auto scope = EnterLandlock(Reach(options));
  if (scope.ok()) return std::string(scope->tcp ? "files,ports" : "files");
  if (!absl::IsUnimplemented(scope.status())) return scope.status();
  spdlog::warn("sandbox without Landlock: files stay readable reason=\"{}\"",
               std::string(scope.status().message()));
  return std::string("off");
}

absl::StatusOr<std::string> LimitSyscalls() {
  auto filter = SyscallFilter::Create(DeviceSyscallRules(getpid()));
  if (!filter.ok()) return filter.status();
  const absl::Status installed = filter->Install();
  if (installed.ok()) return std::string("on");
  if (!absl::IsUnimplemented(installed)) return installed;
  spdlog::warn("sandbox without seccomp: all system calls stay reason=\"{}\"",
               std::string(installed.message()));
  return std::string("off");
}

}  // namespace

absl::Status EnterSandbox(const SandboxOptions& options) {
  if (kSanitized) {
    spdlog::warn("no sandbox: this build's sanitizers need more");
    return absl::OkStatus();
  }
  if (!HasOneThread()) {
    return absl::FailedPreconditionError("sandbox: there are threads already");
  }
  if (absl::Status ok = DropPrivileges(options.account); !ok.ok()) return ok;
  const auto landlock = LimitReach(options);
  if (!landlock.ok()) return landlock.status();
  const auto seccomp = LimitSyscalls();
  if (!seccomp.ok()) return seccomp.status();
  spdlog::info("sandbox uid={} gid={} landlock={} seccomp={}", geteuid(),
               getegid(), *landlock, *seccomp);
  return absl::OkStatus();
}

}  // namespace earshot
