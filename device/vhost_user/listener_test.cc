#include "device/vhost_user/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace earshot::vhost_user {
namespace {

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    char name[] = "/tmp/listener.XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/socket";
  }
  ~ListenerTest() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
  std::string path_;
};

TEST_F(ListenerTest, ReplacesASocketThatWasLeftBehind) {
  { ASSERT_TRUE(ListenAt(path_).ok()); }
  ASSERT_TRUE(std::filesystem::exists(path_));
  EXPECT_TRUE(ListenAt(path_).ok());
}

TEST_F(ListenerTest, DoesNotTakeALiveSocketAway) {
  const absl::StatusOr<UniqueFd> first = ListenAt(path_);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(absl::IsAlreadyExists(ListenAt(path_).status()));
}

TEST_F(ListenerTest, DoesNotReplaceAFile) {
  std::ofstream(path_) << "precious";
  EXPECT_TRUE(absl::IsAlreadyExists(ListenAt(path_).status()));
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(ListenerTest, RefusesPathsThatCannotBe) {
  EXPECT_TRUE(absl::IsInvalidArgument(ListenAt("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ListenAt("/tmp/" + std::string(200, 'x')).status()));
  EXPECT_TRUE(absl::IsUnavailable(ListenAt(directory_ + "/no/such").status()));
}

}  // namespace
}  // namespace earshot::vhost_user
