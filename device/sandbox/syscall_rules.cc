#include "device/sandbox/syscall_rules.h"

#include <fcntl.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <initializer_list>

namespace earshot {
namespace {

// Whatever their arguments.
constexpr const char* kAllowed[] = {
    // Memory. Executable pages are a matter of mmap's and mprotect's arguments.
    "brk", "madvise", "mincore", "mremap", "munmap",
    // The buffer of requests in flight, which is the VMM's to keep.
    "fallocate", "ftruncate", "memfd_create",
    // Threads.
    "exit", "exit_group", "futex", "get_robust_list", "membarrier", "rseq",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_yield",
    "set_robust_list", "set_tid_address",
    // Time.
    "clock_getres", "clock_gettime", "clock_nanosleep", "gettimeofday",
    "nanosleep", "time", "timerfd_create", "timerfd_gettime", "timerfd_settime",
    // Signals.
    "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
    "rt_sigreturn", "rt_sigtimedwait", "sigaltstack",
    // Waiting.
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
    "epoll_wait", "eventfd", "eventfd2", "pipe", "pipe2", "poll", "ppoll",
    "pselect6", "select",
    // Files and sockets that are open.
    "close", "close_range", "dup", "dup3", "fcntl", "fstat", "fstatfs",
    "getdents64", "lseek", "pread64", "pwrite64", "read", "readv", "write",
    "writev",
    // What there is in the file system; Landlock says what may be read of it.
    "access", "faccessat", "faccessat2", "getcwd", "lstat", "newfstatat",
    "readlink", "readlinkat", "stat", "statfs", "statx",
    // The device's own socket, in the end.
    "unlink", "unlinkat",
    // Connections: the VMM's, and those to the service and to name servers.
    // bind(2), as gRPC finds out by a port of ::1 whether there is IPv6.
    "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt",
    "recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto",
    "shutdown",
    // The process and the machine.
    "getcpu", "getegid", "geteuid", "getgid", "getpgrp", "getpid", "getppid",
    "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "gettid",
    "getuid", "sysinfo", "times", "uname"};

// Not here, but the C library has another way, which it takes only if it is
// told that the kernel does not know this one: as it asks for each thread that
// starts, quietly. clone3 and openat2 keep their flags in memory, where no
// filter sees them.
constexpr const char* kUnheardOf[] = {"clone3", "copy_file_range", "openat2",
                                      "preadv2", "pwritev2"};

// No library of ours does that: whoever tries has taken the process over.
constexpr const char* kFatal[] = {"bpf",
                                  "chroot",
                                  "delete_module",
                                  "execve",
                                  "execveat",
                                  "finit_module",
                                  "init_module",
                                  "kexec_file_load",
                                  "kexec_load",
                                  "mount",
                                  "move_mount",
                                  "open_by_handle_at",
                                  "open_tree",
                                  "perf_event_open",
                                  "pivot_root",
                                  "process_vm_readv",
                                  "process_vm_writev",
                                  "ptrace",
                                  "reboot",
                                  "setns",
                                  "swapon",
                                  "umount2",
                                  "unshare",
                                  "userfaultfd"};

scmp_arg_cmp Is(unsigned argument, uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

// `mask` of the argument's bits are `value`.
scmp_arg_cmp Has(unsigned argument, uint64_t mask, uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

class Rules {
 public:
  void Allow(const char* name, std::vector<scmp_arg_cmp> when = {}) {
    rules_.push_back({SCMP_ACT_ALLOW, name, std::move(when)});
  }
  template <size_t kSize>
  void Add(uint32_t action, const char* const (&names)[kSize]) {
    for (const char* name : names) rules_.push_back({action, name});
  }
  void AddQuiet(uint32_t action, const char* name) {
    rules_.push_back({action, name, {}, /*quiet=*/true});
  }
  std::vector<SyscallRule> Take() { return std::move(rules_); }

 private:
  std::vector<SyscallRule> rules_;
};

// Files are opened for reading only.
void AllowReading(Rules& rules) {
  constexpr uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
  rules.Allow("open", {Has(1, kWriting, O_RDONLY)});
  rules.Allow("openat", {Has(2, kWriting, O_RDONLY)});
}

// No page is made executable: neither what a guest wrote nor a library.
void AllowMapping(Rules& rules) {
  rules.Allow("mmap", {Has(2, PROT_EXEC, 0)});
  rules.Allow("mprotect", {Has(2, PROT_EXEC, 0)});
}

// Threads are started, processes and namespaces are not.
void AllowThreads(Rules& rules) {
  constexpr uint64_t kThread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
  constexpr uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP |
                                   CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                   CLONE_NEWPID | CLONE_NEWNET;
  rules.Allow("clone", {Has(0, kThread | kNamespaces, kThread)});
  for (const int what : {PR_SET_NAME, PR_GET_NAME}) {
    rules.Allow("prctl", {Is(0, what)});
  }
}

// TCP, UDP (name servers), unix. Nothing listens anew.
void AllowSockets(Rules& rules) {
  constexpr uint64_t kType = 0xf;  // without SOCK_CLOEXEC, SOCK_NONBLOCK
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    rules.Allow("socket", {Is(0, AF_UNIX), Has(1, kType, type), Is(2, 0)});
    const int protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
    for (const int family : {AF_INET, AF_INET6}) {
      for (const int wanted : {0, protocol}) {
        rules.Allow("socket",
                    {Is(0, family), Has(1, kType, type), Is(2, wanted)});
      }
    }
  }
  for (const int level : {SOL_SOCKET, static_cast<int>(IPPROTO_TCP)}) {
    rules.Allow("setsockopt", {Is(1, level)});
  }
  rules.Allow("setsockopt", {Is(1, IPPROTO_IPV6), Is(2, IPV6_V6ONLY)});
  // Without it the C library's resolver asks no name server at all.
  rules.Allow("setsockopt", {Is(1, IPPROTO_IP), Is(2, IP_RECVERR)});
  rules.Allow("setsockopt", {Is(1, IPPROTO_IPV6), Is(2, IPV6_RECVERR)});
  for (const unsigned long request : {FIONBIO, FIONREAD, TCGETS}) {
    rules.Allow("ioctl", {Is(1, request)});
  }
}

}  // namespace

std::vector<SyscallRule> DeviceSyscallRules(int64_t self) {
  Rules rules;
  rules.Add(SCMP_ACT_ALLOW, kAllowed);
  for (const char* name : kUnheardOf) {
    rules.AddQuiet(SCMP_ACT_ERRNO(ENOSYS), name);
  }
  rules.Add(SCMP_ACT_KILL_PROCESS, kFatal);
  AllowReading(rules);
  AllowMapping(rules);
  AllowThreads(rules);
  AllowSockets(rules);
  // abort() and pthread_kill(): signals for the process itself.
  rules.Allow("tgkill", {Is(0, self)});
  // Limits are read.
  rules.Allow("prlimit64", {Is(0, 0), Is(2, 0)});
  return rules.Take();
}

}  // namespace earshot
