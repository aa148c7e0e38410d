#include "device/sandbox/account.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

TEST(AccountTest, AUserComesWithItsGroup) {
  const auto root = FindAccount("root");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->user, 0u);
  EXPECT_EQ(root->group, 0u);
}

TEST(AccountTest, AGroupMayBeNamed) {
  const auto account = FindAccount("root:daemon");
  ASSERT_TRUE(account.ok()) << account.status();
  EXPECT_EQ(account->user, 0u);
  EXPECT_EQ(account->group, 1u);
}

TEST(AccountTest, WhoIsNotThereIsNamed) {
  const absl::Status user = FindAccount("no-such-user").status();
  EXPECT_TRUE(absl::IsNotFound(user));
  EXPECT_THAT(std::string(user.message()),
              testing::HasSubstr("no user \"no-such-user\""));
  const absl::Status group = FindAccount("root:no-such-group").status();
  EXPECT_THAT(std::string(group.message()),
              testing::HasSubstr("no group \"no-such-group\""));
  EXPECT_TRUE(absl::IsNotFound(FindAccount("").status()));
  EXPECT_TRUE(absl::IsNotFound(FindAccount("root:").status()));
}

TEST(AccountTest, ASocketIsItsUsersAndItsGroups) {
  const std::string path = testing::TempDir() + "/given";
  std::ofstream(path) << "";
  ASSERT_TRUE(GiveSocket(path, {getuid(), getgid()}).ok());
  struct stat file = {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0660u);
  EXPECT_EQ(file.st_uid, getuid());
  EXPECT_TRUE(absl::IsPermissionDenied(GiveSocket(path + "-no", {})));
}

}  // namespace
}  // namespace earshot
