#include "device/sandbox/privileges.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "device/sandbox/in_child.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

constexpr Outcome kNotDropped = 250;

Outcome After(const std::optional<Account>& account,
              const std::function<Outcome()>& what) {
  return InChild(
      [&] { return DropPrivileges(account).ok() ? what() : kNotDropped; });
}

// How many of the three sets hold anything, and the ambient one.
Outcome CapabilitiesLeft() {
  const cap_t left = cap_get_proc();
  const cap_t none = cap_init();
  Outcome count = cap_compare(left, none) == 0 ? 0 : 1;
  for (cap_value_t i = 0; i < cap_max_bits(); ++i) {
    if (cap_get_ambient(i) == 1) ++count;
  }
  cap_free(left);
  cap_free(none);
  return count;
}

Outcome BoundingLeft() {
  for (cap_value_t i = 0; i < cap_max_bits(); ++i) {
    if (cap_get_bound(i) == 1) return 1;
  }
  return 0;
}

bool Holds(cap_value_t capability) {
  const cap_t own = cap_get_proc();
  cap_flag_value_t set = CAP_CLEAR;
  cap_get_flag(own, capability, CAP_EFFECTIVE, &set);
  cap_free(own);
  return set == CAP_SET;
}

TEST(PrivilegesTest, NoCapabilityIsLeft) {
  EXPECT_EQ(After({}, CapabilitiesLeft), 0);
  if (Holds(CAP_SETPCAP)) {
    EXPECT_EQ(After({}, BoundingLeft), 0);
  }
}

TEST(PrivilegesTest, NoProgramGivesNewOnes) {
  EXPECT_EQ(After({}, [] { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }),
            1);
}

TEST(PrivilegesTest, RootWithoutThemIsAUserLikeAnyOther) {
  if (!Holds(CAP_SYS_CHROOT)) GTEST_SKIP() << "only root can try";
  EXPECT_EQ(InChild([] { return ErrorOf(chroot("/")); }), 0);
  EXPECT_EQ(After({}, [] { return ErrorOf(chroot("/")); }), EPERM);
}

TEST(PrivilegesTest, AnotherUserIsBecomeForGood) {
  if (!Holds(CAP_SETUID) || !Holds(CAP_SETGID)) {
    GTEST_SKIP() << "only root can try";
  }
  const Account nobody{65534, 65534};
  // A sandbox of the build's may know no other user than ours.
  if (InChild([&] { return ErrorOf(setresgid(65534, 65534, 65534)); }) != 0) {
    GTEST_SKIP() << "there is no other user here";
  }
  EXPECT_EQ(After(nobody,
                  [] {
                    gid_t groups[8];
                    return getuid() == 65534 && geteuid() == 65534 &&
                                   getgid() == 65534 && getegid() == 65534 &&
                                   getgroups(8, groups) == 1 &&
                                   groups[0] == 65534
                               ? 0
                               : 1;
                  }),
            0);
  EXPECT_EQ(After(nobody, [] { return ErrorOf(setuid(0)); }), EPERM);
  EXPECT_EQ(After(nobody, [] { return ErrorOf(setgid(0)); }), EPERM);
  EXPECT_EQ(After(nobody, CapabilitiesLeft), 0);
}

}  // namespace
}  // namespace earshot
