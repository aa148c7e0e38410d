#include "device/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

// As include/uapi/linux/landlock.h of Linux 6.12 has them. Debian 12's header
// is older, and its libc has no functions for the three calls.
struct RulesetAttributes {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;  // ABI 4
  uint64_t scoped = 0;              // ABI 6
};
struct PortRule {
  uint64_t allowed_access;
  uint64_t port;
};
constexpr int kPortRule = 2;  // LANDLOCK_RULE_NET_PORT
constexpr uint64_t kBindTcp = 1 << 0;
constexpr uint64_t kConnectTcp = 1 << 1;
constexpr uint64_t kScopeAbstractSockets = 1 << 0;
constexpr uint64_t kScopeSignals = 1 << 1;
constexpr uint32_t kVersion = 1 << 0;  // LANDLOCK_CREATE_RULESET_VERSION

class Ruleset {
 public:
  explicit Ruleset(const RulesetAttributes& attributes)
      : fd_(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes,
                                     sizeof(attributes), 0))) {}
  ~Ruleset() {
    if (fd_ >= 0) close(fd_);
  }
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;

  bool valid() const { return fd_ >= 0; }
  bool Allow(int kind, const void* rule) {
    return syscall(SYS_landlock_add_rule, fd_, kind, rule, 0) == 0;
  }
  bool Enter() { return syscall(SYS_landlock_restrict_self, fd_, 0) == 0; }

 private:
  const int fd_;
};

// All kinds of access to files that this version knows.
uint64_t FileAccess(int abi) {
  int kinds = 13;            // up to MAKE_SYM
  if (abi >= 2) kinds = 14;  // REFER
  if (abi >= 3) kinds = 15;  // TRUNCATE
  if (abi >= 5) kinds = 16;  // IOCTL_DEV
  return (uint64_t{1} << kinds) - 1;
}

absl::Status Failed(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("Landlock: ", what, ": ", std::strerror(errno)));
}

absl::Status AllowPath(Ruleset& ruleset, const std::string& path,
                       uint64_t access) {
  const int fd = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return absl::OkStatus();
  struct stat file = {};
  fstat(fd, &file);
  if (!S_ISDIR(file.st_mode)) access &= LANDLOCK_ACCESS_FS_READ_FILE;
  const landlock_path_beneath_attr rule = {.allowed_access = access,
                                           .parent_fd = fd};
  const bool allowed = ruleset.Allow(LANDLOCK_RULE_PATH_BENEATH, &rule);
  const absl::Status result = allowed ? absl::OkStatus() : Failed(path);
  close(fd);
  return result;
}

}  // namespace

absl::StatusOr<LandlockScope> EnterLandlock(const LandlockRules& rules) {
  const int abi = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion));
  if (abi < 1) {
    return absl::UnimplementedError(
        absl::StrCat("the kernel offers no Landlock: ", std::strerror(errno)));
  }
  const LandlockScope scope{abi, abi >= 4};
  Ruleset ruleset(
      {.handled_access_fs = FileAccess(abi),
       .handled_access_net = scope.tcp ? kBindTcp | kConnectTcp : 0,
       .scoped = abi >= 6 ? kScopeAbstractSockets | kScopeSignals : 0});
  if (!ruleset.valid()) return Failed("no ruleset");
  for (const std::string& path : rules.read) {
    absl::Status ok =
        AllowPath(ruleset, path,
                  LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
    if (!ok.ok()) return ok;
  }
  for (const std::string& path : rules.remove) {
    absl::Status ok = AllowPath(ruleset, path, LANDLOCK_ACCESS_FS_REMOVE_FILE);
    if (!ok.ok()) return ok;
  }
  for (const auto& [access, ports] : {std::pair(kConnectTcp, &rules.tcp_ports),
                                      std::pair(kBindTcp, &rules.own_ports)}) {
    for (const uint16_t port : *ports) {
      const PortRule rule = {access, port};
      if (scope.tcp && !ruleset.Allow(kPortRule, &rule))
        return Failed("a port");
    }
  }
  if (!ruleset.Enter()) return Failed("no way in");
  return scope;
}

}  // namespace earshot
