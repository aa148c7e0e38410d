#include "device/vhost_user/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "bazel/temporary_folder.h"

namespace earshot::vhost_user {
namespace {

class ListenerTest : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "socket";
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
  EXPECT_TRUE(absl::IsUnavailable(ListenAt(folder_ / "no/such").status()));
}

TEST_F(ListenerTest, TakesOverASocketThatListens) {
  auto listening = ListenAt(path_);
  ASSERT_TRUE(listening.ok());
  const int inherited = dup(listening->get());
  const auto adopted = AdoptListener(inherited);
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_EQ(adopted->get(), inherited);
  EXPECT_EQ(fcntl(inherited, F_GETFD), FD_CLOEXEC);
  EXPECT_NE(fcntl(inherited, F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(ListenerTest, TakesOverNothingElse) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  const UniqueFd tcp(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd datagram(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const UniqueFd event(eventfd(0, EFD_CLOEXEC));
  for (int fd : {-1, 9999, one.get(), tcp.get(), datagram.get(), event.get()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(AdoptListener(fd).status())) << fd;
    if (fd == one.get()) {
      EXPECT_GE(fcntl(fd, F_GETFD), 0);
    }
  }
}

TEST_F(ListenerTest, FindsTheSocketOfSocketActivation) {
  const std::string pid = std::to_string(getpid());
  setenv("LISTEN_PID", pid.c_str(), 1);
  setenv("LISTEN_FDS", "1", 1);
  setenv("LISTEN_FDNAMES", "earshot.socket", 1);
  EXPECT_EQ(*TakeActivatedFd(), 3);
  EXPECT_EQ(getenv("LISTEN_FDS"), nullptr);  // once
  EXPECT_TRUE(absl::IsNotFound(TakeActivatedFd().status()));
}

TEST_F(ListenerTest, ActivationOfAnotherProcessOrOfSeveralSocketsIsNone) {
  setenv("LISTEN_PID", "1", 1);
  setenv("LISTEN_FDS", "1", 1);
  EXPECT_TRUE(absl::IsNotFound(TakeActivatedFd().status()));
  const std::string pid = std::to_string(getpid());
  for (const char* count : {"0", "-1", "x", ""}) {
    setenv("LISTEN_PID", pid.c_str(), 1);
    setenv("LISTEN_FDS", count, 1);
    EXPECT_TRUE(absl::IsNotFound(TakeActivatedFd().status())) << count;
  }
  setenv("LISTEN_PID", pid.c_str(), 1);
  setenv("LISTEN_FDS", "2", 1);
  EXPECT_TRUE(absl::IsInvalidArgument(TakeActivatedFd().status()));
}

}  // namespace
}  // namespace earshot::vhost_user
