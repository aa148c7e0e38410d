#include "device/sandbox/syscall_filter.h"

#include <sys/prctl.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

absl::Status Failed(const char* what, int result) {
  return absl::InternalError(
      absl::StrCat("syscall filter: ", what, ": ", std::strerror(-result)));
}

}  // namespace

absl::StatusOr<SyscallFilter::Context> SyscallFilter::Make(
    const std::vector<SyscallRule>& rules, bool quiet, uint32_t architecture) {
  Context context(seccomp_init(quiet ? SCMP_ACT_ALLOW : kUnknownSyscall),
                  seccomp_release);
  if (context == nullptr) return Failed("no filter", -ENOMEM);
  if (architecture != SCMP_ARCH_NATIVE) {
    int result = seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE);
    if (result == 0) result = seccomp_arch_add(context.get(), architecture);
    if (result != 0) return Failed("architecture", result);
  }
  for (const auto& [attribute, value] :
       std::vector<std::pair<scmp_filter_attr, uint32_t>>{
           {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
           // A tree instead of a list: fewer steps for each call.
           {SCMP_FLTATR_CTL_OPTIMIZE, 2},
           {SCMP_FLTATR_CTL_TSYNC, 1},
           {SCMP_FLTATR_API_SYSRAWRC, 1}}) {
    const int result = seccomp_attr_set(context.get(), attribute, value);
    if (result != 0) return Failed("attribute", result);
  }
  // Where the kernel can say what was refused.
  if (!quiet) seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_LOG, 1);
  for (const SyscallRule& rule : rules) {
    if (quiet && !rule.quiet) continue;
    const int number = seccomp_syscall_resolve_name(rule.name);
    // Newer than libseccomp: then it is unknown like any other.
    if (number == __NR_SCMP_ERROR) continue;
    const uint32_t action = rule.quiet && !quiet ? SCMP_ACT_ALLOW : rule.action;
    const int result = seccomp_rule_add_array(
        context.get(), action, number, rule.when.size(), rule.when.data());
    if (result != 0) return Failed(rule.name, result);
  }
  return context;
}

absl::StatusOr<SyscallFilter> SyscallFilter::Create(
    const std::vector<SyscallRule>& rules, uint32_t architecture) {
  auto quiet = Make(rules, /*quiet=*/true, architecture);
  if (!quiet.ok()) return quiet.status();
  auto audited = Make(rules, /*quiet=*/false, architecture);
  if (!audited.ok()) return audited.status();
  return SyscallFilter(*std::move(quiet), *std::move(audited));
}

absl::Status SyscallFilter::Install() {
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL) {
    return absl::UnimplementedError("the kernel has no seccomp");
  }
  for (const Context* filter : {&quiet_, &audited_}) {
    const int result = seccomp_load(filter->get());
    if (result != 0) return Failed("the kernel", result);
  }
  return absl::OkStatus();
}

}  // namespace earshot
