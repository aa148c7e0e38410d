// What the device's rules let pass and what not, each in a process that may
// not go back.
#include "device/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "device/sandbox/in_child.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

// Says that the filter itself could not be had.
constexpr Outcome kNoFilter = 250;

bool Enter() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  auto filter = SyscallFilter::Create(DeviceSyscallRules(getpid()));
  return filter.ok() && filter->Install().ok();
}

Outcome Behind(const std::function<Outcome()>& what) {
  return InChild([&] { return Enter() ? what() : kNoFilter; });
}

// One that only somebody who has taken over the process would try.
Outcome Call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  return Behind([&] { return ErrorOf(syscall(number, a, b, c, d)); });
}

TEST(SyscallFilterTest, NoFileIsOpenedForWriting) {
  const std::string path = testing::TempDir() + "/written";
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT,
                          O_RDONLY | O_TRUNC, O_WRONLY | O_CREAT | O_APPEND}) {
    EXPECT_EQ(Behind([&] { return ErrorOf(open(path.c_str(), flags, 0600)); }),
              EPERM)
        << flags;
  }
  EXPECT_EQ(Behind([] { return ErrorOf(open("/etc/passwd", O_RDONLY)); }), 0);
}

TEST(SyscallFilterTest, NothingInTheFileSystemIsChanged) {
  const std::string path = testing::TempDir() + "/changed";
  const char* const name = path.c_str();
  const std::vector<std::pair<const char*, std::function<int()>>> changes = {
      {"mkdir", [=] { return mkdir(name, 0700); }},
      {"rename", [=] { return rename(name, "x"); }},
      {"symlink", [=] { return symlink("/etc/passwd", name); }},
      {"link", [=] { return link("/etc/passwd", name); }},
      {"chmod", [=] { return chmod(name, 0777); }},
      {"chown", [=] { return chown(name, 1, 1); }},
      {"mknod", [=] { return mknod(name, S_IFIFO | 0600, 0); }},
      {"truncate", [=] { return truncate(name, 0); }},
      {"chdir", [=] { return chdir("/"); }},
  };
  for (const auto& [what, change] : changes) {
    EXPECT_EQ(Behind([&, change = change] { return ErrorOf(change()); }), EPERM)
        << what;
  }
}

TEST(SyscallFilterTest, WhoTriesWhatOnlyAnAttackerDoesIsEnded) {
  char program[] = "/bin/true";
  char* const arguments[] = {program, nullptr};
  EXPECT_EQ(
      Behind([&] { return ErrorOf(execve(program, arguments, nullptr)); }),
      -SIGSYS);
  EXPECT_EQ(Call(SYS_execveat, AT_FDCWD, reinterpret_cast<long>(program),
                 reinterpret_cast<long>(arguments)),
            -SIGSYS);
  EXPECT_EQ(Call(SYS_ptrace, PTRACE_ATTACH, getppid()), -SIGSYS);
  EXPECT_EQ(Call(SYS_process_vm_writev, getppid()), -SIGSYS);
  EXPECT_EQ(Behind([] { return ErrorOf(mount("a", "/", "tmpfs", 0, "")); }),
            -SIGSYS);
  EXPECT_EQ(Call(SYS_unshare, CLONE_NEWUSER), -SIGSYS);
  EXPECT_EQ(Call(SYS_bpf), -SIGSYS);
  EXPECT_EQ(Call(SYS_init_module), -SIGSYS);
}

TEST(SyscallFilterTest, NoOtherUserIsBecome) {
  EXPECT_EQ(Behind([] { return ErrorOf(setuid(0)); }), EPERM);
  EXPECT_EQ(Behind([] { return ErrorOf(setgid(0)); }), EPERM);
  EXPECT_EQ(Call(SYS_capset), EPERM);
}

TEST(SyscallFilterTest, NoProcessIsStartedOrSignaled) {
  EXPECT_EQ(Behind([] { return ErrorOf(fork()); }), EPERM);
  EXPECT_EQ(Behind([] { return ErrorOf(vfork()); }), EPERM);
  const pid_t self = getpid();
  EXPECT_EQ(Behind([&] { return ErrorOf(kill(self, SIGTERM)); }), EPERM);
  EXPECT_EQ(Call(SYS_tgkill, self, self, SIGTERM), EPERM);
}

TEST(SyscallFilterTest, SocketsAreTcpUdpAndUnix) {
  const auto opened = [](int family, int type, int protocol) {
    return Behind([=] { return ErrorOf(socket(family, type, protocol)); });
  };
  EXPECT_EQ(opened(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
  EXPECT_EQ(opened(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP), 0);
  EXPECT_EQ(opened(AF_UNIX, SOCK_STREAM, 0), 0);
  EXPECT_EQ(opened(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), EPERM);
  EXPECT_EQ(opened(AF_PACKET, SOCK_DGRAM, 0), EPERM);
  EXPECT_EQ(opened(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
  EXPECT_EQ(opened(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EPERM);
  EXPECT_EQ(opened(AF_NETLINK, SOCK_RAW, 0), EPERM);
  EXPECT_EQ(opened(AF_VSOCK, SOCK_STREAM, 0), EPERM);
  EXPECT_EQ(opened(AF_ALG, SOCK_SEQPACKET, 0), EPERM);
}

TEST(SyscallFilterTest, TheResolverMayAskToBeToldOfErrors) {
  const auto set = [](int family, int level, int option) {
    return Behind([=] {
      const int one = 1;
      return ErrorOf(setsockopt(socket(family, SOCK_DGRAM, 0), level, option,
                                &one, sizeof(one)));
    });
  };
  EXPECT_EQ(set(AF_INET, IPPROTO_IP, IP_RECVERR), 0);
  EXPECT_EQ(set(AF_INET6, IPPROTO_IPV6, IPV6_RECVERR), 0);
  EXPECT_EQ(set(AF_INET, IPPROTO_IP, IP_FREEBIND), EPERM);
  EXPECT_EQ(set(AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO), EPERM);
}

TEST(SyscallFilterTest, NothingListens) {
  EXPECT_EQ(Behind([] {
              return ErrorOf(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
            }),
            EPERM);
}

TEST(SyscallFilterTest, NoPageBecomesExecutable) {
  const auto mapped = [](int protection) {
    return Behind([=] {
      return mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                  0) == MAP_FAILED
                 ? errno
                 : 0;
    });
  };
  EXPECT_EQ(mapped(PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(mapped(PROT_READ | PROT_EXEC), EPERM);
  EXPECT_EQ(mapped(PROT_READ | PROT_WRITE | PROT_EXEC), EPERM);
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EQ(Behind([&] {
              return ErrorOf(mprotect(page, 4096, PROT_READ | PROT_EXEC));
            }),
            EPERM);
  munmap(page, 4096);
}

TEST(SyscallFilterTest, LimitsAreReadAndNotRaised) {
  rlimit limit = {};
  EXPECT_EQ(Behind([&] { return ErrorOf(getrlimit(RLIMIT_NOFILE, &limit)); }),
            0);
  EXPECT_EQ(Behind([&] { return ErrorOf(setrlimit(RLIMIT_NOFILE, &limit)); }),
            EPERM);
}

TEST(SyscallFilterTest, NothingIsTypedIntoTheTerminal) {
  EXPECT_EQ(Behind([] {
              char key = 'x';
              return ErrorOf(ioctl(STDIN_FILENO, TIOCSTI, &key));
            }),
            EPERM);
}

TEST(SyscallFilterTest, GuestMemoryIsMappedAndThreadsStart) {
  EXPECT_EQ(Behind([] {
              const int memory = memfd_create("guest", MFD_CLOEXEC);
              if (memory < 0 || ftruncate(memory, 4096) != 0) return errno;
              void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                      MAP_SHARED, memory, 0);
              if (page == MAP_FAILED) return errno;
              std::thread([&] { *static_cast<char*>(page) = 1; }).join();
              return *static_cast<char*>(page) == 1 ? 0 : 1;
            }),
            0);
}

TEST(SyscallFilterTest, WhatTheCLibraryCanDoWithoutIsUnheardOf) {
  EXPECT_EQ(Call(SYS_clone3), ENOSYS);
  EXPECT_EQ(Call(SYS_openat2), ENOSYS);
  EXPECT_EQ(Call(SYS_preadv2), ENOSYS);
}

TEST(SyscallFilterTest, ThreadsThatRunAlreadyAreHeldToIt) {
  EXPECT_EQ(InChild([] {
              std::atomic<bool> entered = false;
              Outcome outcome = 0;
              std::thread earlier([&] {
                while (!entered) std::this_thread::yield();
                outcome = ErrorOf(mkdir("/tmp/never", 0700));
              });
              if (!Enter()) return kNoFilter;
              entered = true;
              earlier.join();
              return outcome;
            }),
            EPERM);
}

TEST(SyscallFilterTest, ItCanBeMadeForEveryArchitectureOfOurs) {
  for (const uint32_t architecture : {SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64}) {
    const auto filter =
        SyscallFilter::Create(DeviceSyscallRules(1), architecture);
    EXPECT_TRUE(filter.ok()) << architecture << " " << filter.status();
  }
}

TEST(SyscallFilterTest, EveryNameIsOneThatLibseccompKnows) {
  for (const SyscallRule& rule : DeviceSyscallRules(1)) {
    EXPECT_NE(seccomp_syscall_resolve_name(rule.name), __NR_SCMP_ERROR)
        << rule.name;
  }
}

}  // namespace
}  // namespace earshot
