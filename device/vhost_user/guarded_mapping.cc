#include "device/vhost_user/guarded_mapping.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace earshot::vhost_user {
namespace {

// What the signal handler may look at: no locks, and nothing on the heap.
struct Guard {
  static constexpr uintptr_t kFree = 0;
  static constexpr uintptr_t kTaken = 1;  // no mapping yet

  std::atomic<uintptr_t> base{kFree};
  std::atomic<size_t> length{0};
  std::atomic<bool> lost{false};
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

Guard guards[GuardedMapping::kMaxMappings];
struct sigaction previous_action;

// Zeros in place of [base, base + length). The raw call: it is
// async-signal-safe, which the library's wrapper may not be under a sanitizer.
bool PutZeros(uintptr_t base, size_t length) {
  const long mapped =
      syscall(SYS_mmap, base, length, PROT_READ | PROT_WRITE,
              MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return mapped == static_cast<long>(base);
}

void OnBusError(int, siginfo_t* info, void*) {
  const int saved_errno = errno;
  const uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Guard& guard : guards) {
    const uintptr_t base = guard.base.load(std::memory_order_acquire);
    if (base <= Guard::kTaken) continue;
    const size_t length = guard.length.load(std::memory_order_relaxed);
    if (address - base >= length || !PutZeros(base, length)) continue;
    guard.lost.store(true, std::memory_order_relaxed);
    errno = saved_errno;
    return;  // the access is repeated, and succeeds
  }
  // Not ours: the access is repeated under whatever was there before us.
  sigaction(SIGBUS, &previous_action, nullptr);
  errno = saved_errno;
}

int TakeGuard() {
  for (int i = 0; i < GuardedMapping::kMaxMappings; ++i) {
    uintptr_t free = Guard::kFree;
    if (guards[i].base.compare_exchange_strong(free, Guard::kTaken)) return i;
  }
  return -1;
}

}  // namespace

void GuardedMapping::InstallHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = OnBusError;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous_action);
  });
}

absl::StatusOr<GuardedMapping> GuardedMapping::Map(int fd, uint64_t offset,
                                                   size_t length) {
  InstallHandler();
  const int index = TakeGuard();
  if (index < 0) {
    return absl::ResourceExhaustedError("too many mappings of memory");
  }
  Guard& guard = guards[index];
  void* base = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_NORESERVE, fd, static_cast<off_t>(offset));
  if (base == MAP_FAILED) {
    guard.base.store(Guard::kFree);
    return absl::InvalidArgumentError(
        absl::StrCat("cannot be mapped: ", std::strerror(errno)));
  }
  guard.length.store(length, std::memory_order_relaxed);
  guard.lost.store(false, std::memory_order_relaxed);
  guard.base.store(reinterpret_cast<uintptr_t>(base),
                   std::memory_order_release);
  // A core dump of ours is not to hold the guest's memory.
  madvise(base, length, MADV_DONTDUMP);
  return GuardedMapping(static_cast<uint8_t*>(base), length, index);
}

GuardedMapping::~GuardedMapping() {
  if (base_ == nullptr) return;
  munmap(base_, length_);
  guards[guard_].base.store(Guard::kFree);
}

bool GuardedMapping::lost() const {
  return guard_ >= 0 && guards[guard_].lost.load(std::memory_order_relaxed);
}

}  // namespace earshot::vhost_user
