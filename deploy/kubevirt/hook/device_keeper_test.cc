// The device is this program once more, called with what DeviceKeeper gives it.
#include "deploy/kubevirt/hook/device_keeper.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bazel/temporary_folder.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kSocketFd = 3;

bool Has(const std::vector<std::string>& words, const char* word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Answers each request with eight bytes, as a back-end does for its features.
[[noreturn]] void Serve() {
  while (true) {
    const int vmm = accept(kSocketFd, nullptr, nullptr);
    char request[12];
    const char answer[20] = {1, 0, 0, 0, 5, 0, 0, 0, 8};
    if (vmm < 0) _exit(3);
    if (read(vmm, request, sizeof(request)) == sizeof(request) &&
        request[0] == 1 && request[4] == 1 &&
        write(vmm, answer, sizeof(answer)) != sizeof(answer)) {
      _exit(3);
    }
    close(vmm);
  }
}

[[noreturn]] void BeDevice(const std::vector<std::string>& words) {
  if (Has(words, "--refuse")) _exit(2);
  if (!Has(words, "--socket-fd=3") || !Has(words, "--vm=vm")) _exit(2);
  // No descriptor but those that it was given.
  for (int fd = kSocketFd + 1; fd < 100; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) _exit(2);
  }
  if (Has(words, "--ends")) _exit(1);
  if (Has(words, "--stubborn")) std::signal(SIGTERM, SIG_IGN);
  if (Has(words, "--deaf")) {
    while (true) pause();
  }
  Serve();
}

class DeviceKeeperTest : public testing::Test {
 protected:
  DeviceKeeperTest() { Watch(); }
  ~DeviceKeeperTest() override {
    keeper_.reset();
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  }

  void Watch() {
    children_.async_wait([this](boost::system::error_code error, int) {
      if (error) return;
      keeper_->Reap();
      Watch();
    });
  }

  void Create(const std::vector<std::string>& arguments,
              milliseconds patience = seconds(20)) {
    auto keeper =
        DeviceKeeper::Create(&loop_, {.program = "/proc/self/exe",
                                      .arguments = arguments,
                                      .socket = socket_,
                                      .restart = {.first = milliseconds(1),
                                                  .cap = milliseconds(1),
                                                  .well = seconds(1)},
                                      .patience = patience,
                                      .grace = milliseconds(100)});
    ASSERT_TRUE(keeper.ok()) << keeper.status();
    keeper_ = *std::move(keeper);
  }

  template <typename Condition>
  bool Until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      loop_.run_one_for(milliseconds(100));
    }
    return true;
  }

  absl::Status Start(const std::string& vm = "vm") {
    std::optional<absl::Status> status;
    keeper_->Start(vm, [&](absl::Status told) { status = told; });
    EXPECT_TRUE(Until([&] { return status.has_value(); }));
    return *status;
  }

  bool Stop() {
    bool stopped = false;
    keeper_->Stop([&] { stopped = true; });
    return Until([&] { return stopped; });
  }

  const TemporaryFolder folder_;
  const std::string socket_ = folder_ / "device.sock";
  boost::asio::io_context loop_;
  boost::asio::signal_set children_{loop_, SIGCHLD};
  std::unique_ptr<DeviceKeeper> keeper_;
};

TEST_F(DeviceKeeperTest, StartsTheDeviceOnceItIsWanted) {
  Create({});
  EXPECT_EQ(keeper_->pid(), -1);
  EXPECT_TRUE(std::filesystem::is_socket(socket_));
  EXPECT_EQ(Start(), absl::OkStatus());
  const pid_t pid = keeper_->pid();
  EXPECT_GT(pid, 0);
  EXPECT_EQ(Start(), absl::OkStatus());
  EXPECT_EQ(keeper_->pid(), pid);
  EXPECT_TRUE(Stop());
  EXPECT_FALSE(std::filesystem::exists(socket_));
}

TEST_F(DeviceKeeperTest, StartsItAgainWhenItHasEnded) {
  Create({});
  EXPECT_EQ(Start(), absl::OkStatus());
  const pid_t first = keeper_->pid();
  kill(first, SIGKILL);
  EXPECT_TRUE(
      Until([&] { return keeper_->pid() > 0 && keeper_->pid() != first; }));
  EXPECT_EQ(Start(), absl::OkStatus());
  EXPECT_NE(kill(first, 0), 0) << "a zombie";
}

TEST_F(DeviceKeeperTest, OneThatEndsAgainAndAgainIsNotReady) {
  Create({"--ends"}, milliseconds(300));
  EXPECT_EQ(Start().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Stop());
}

TEST_F(DeviceKeeperTest, OneThatDoesNotAnswerIsNotReady) {
  Create({"--deaf"}, milliseconds(300));
  EXPECT_EQ(Start().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Stop());
}

TEST_F(DeviceKeeperTest, FlagsThatItDoesNotTakeAreNotTriedAgain) {
  Create({"--refuse"});
  EXPECT_EQ(Start().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(keeper_->pid(), -1);
  EXPECT_EQ(Start().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Stop());
}

TEST_F(DeviceKeeperTest, PlaysForOneVm) {
  Create({});
  EXPECT_EQ(Start(), absl::OkStatus());
  EXPECT_THAT(std::string(Start("other").message()),
              HasSubstr("plays for vm, not for other"));
}

TEST_F(DeviceKeeperTest, KillsOneThatDoesNotEnd) {
  Create({"--stubborn"});
  EXPECT_EQ(Start(), absl::OkStatus());
  EXPECT_TRUE(Stop());
  EXPECT_EQ(keeper_->pid(), -1);
  EXPECT_EQ(Start().code(), absl::StatusCode::kUnavailable);
}

TEST_F(DeviceKeeperTest, WhoWaitsIsToldOfTheEnd) {
  Create({"--deaf"});
  std::optional<absl::Status> status;
  keeper_->Start("vm", [&](absl::Status told) { status = told; });
  EXPECT_TRUE(Stop());
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->code(), absl::StatusCode::kUnavailable);
}

TEST_F(DeviceKeeperTest, CollectsTheChildrenOfOthers) {
  Create({});
  const pid_t stranger = fork();
  if (stranger == 0) _exit(0);
  EXPECT_TRUE(Until([&] { return kill(stranger, 0) != 0; }));
}

TEST_F(DeviceKeeperTest, ASocketThatWasLeftBehindIsReplaced) {
  Create({});
  keeper_.reset();
  EXPECT_FALSE(std::filesystem::exists(socket_));
  const int fd = open(socket_.c_str(), O_CREAT | O_WRONLY, 0600);
  close(fd);
  Create({});
  EXPECT_TRUE(std::filesystem::is_socket(socket_));
}

TEST_F(DeviceKeeperTest, NeedsAProgramAndAPath) {
  EXPECT_EQ(DeviceKeeper::Create(&loop_, {.program = "/nowhere",
                                          .arguments = {},
                                          .socket = socket_,
                                          .restart = {}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DeviceKeeper::Create(&loop_, {.program = "/proc/self/exe",
                                          .arguments = {},
                                          .socket = std::string(108, 'a'),
                                          .restart = {}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DeviceKeeper::Create(&loop_, {.program = "/proc/self/exe",
                                          .arguments = {},
                                          .socket = folder_ / "none/socket",
                                          .restart = {}})
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (std::any_of(words.begin(), words.end(), [](const std::string& word) {
        return word.rfind("--socket-fd", 0) == 0;
      })) {
    earshot::BeDevice(words);
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
