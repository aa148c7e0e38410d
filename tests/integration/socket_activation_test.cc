// The device with a socket that somebody else has made: systemd, or whoever
// starts it with --socket-fd.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bazel/temporary_folder.h"
#include "device/vhost_user/fake_frontend.h"
#include "device/virtio/fake_guest.h"
#include "tests/integration/child_process.h"

namespace earshot {
namespace {

constexpr char kDevice[] = "device/earshot-device";
constexpr char kFlags[] = " --vm=a --server=unix:/nowhere ";

class SocketActivationTest : public testing::Test {
 protected:
  SocketActivationTest() {
    listening_ = socket(AF_UNIX, SOCK_STREAM, 0);  // to be inherited
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(bind(listening_, reinterpret_cast<sockaddr*>(&address),
                   sizeof(address)),
              0);
    EXPECT_EQ(listen(listening_, 4), 0);
  }
  ~SocketActivationTest() override { close(listening_); }

  // By a shell, which can say what its process id is.
  std::unique_ptr<ChildProcess> Start(const std::string& words) {
    return std::make_unique<ChildProcess>(
        std::vector<std::string>{"/bin/sh", "-c", words});
  }
  void ExpectADevice() {
    FakeGuest guest({});
    vhost_user::FakeFrontend vmm(&guest, {.socket_path = path_});
    EXPECT_TRUE(vmm.Connect().ok());
    EXPECT_TRUE(vmm.Start().ok());
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "socket";
  int listening_ = -1;
};

TEST_F(SocketActivationTest, ServesVmmsAtAnInheritedSocketAndLeavesItThere) {
  auto device = Start(std::string("exec ") + kDevice + kFlags +
                      "--socket-fd=" + std::to_string(listening_));
  ASSERT_TRUE(device->WaitForLine("ready")) << device->log();
  for (int i = 0; i < 3; ++i) ExpectADevice();
  device->Signal(SIGTERM);
  EXPECT_EQ(device->Wait(), 0) << device->log();
  // It belongs to whoever made it.
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketActivationTest, AVmmThatConnectedBeforeIsServed) {
  FakeGuest guest({});
  vhost_user::FakeFrontend vmm(&guest, {.socket_path = path_});
  ASSERT_TRUE(vmm.Open().ok());
  auto device =
      Start("LISTEN_PID=$$ LISTEN_FDS=1 exec " + std::string(kDevice) + kFlags +
            "3<&" + std::to_string(listening_));
  ASSERT_TRUE(device->WaitForLine("VMM connected")) << device->log();
  EXPECT_TRUE(vmm.GetU64(vhost_user::Request::kGetFeatures).ok());
}

TEST_F(SocketActivationTest, ServesVmmsAtTheSocketThatSystemdHasPassed) {
  auto device =
      Start("LISTEN_PID=$$ LISTEN_FDS=1 exec " + std::string(kDevice) + kFlags +
            "3<&" + std::to_string(listening_));
  ASSERT_TRUE(device->WaitForLine("ready")) << device->log();
  for (int i = 0; i < 3; ++i) ExpectADevice();
}

TEST_F(SocketActivationTest, WithoutASocketItSaysWhatIsMissing) {
  auto none = Start(std::string("exec ") + kDevice + kFlags);
  EXPECT_EQ(none->Wait(), 2);
  EXPECT_TRUE(none->log().find("--socket=PATH or --socket-fd=N is needed") !=
              std::string::npos)
      << none->log();
  auto other = Start(std::string("exec ") + kDevice + kFlags + "--socket-fd=0");
  EXPECT_EQ(other->Wait(), 2);
  EXPECT_TRUE(other->log().find("descriptor 0") != std::string::npos)
      << other->log();
}

}  // namespace
}  // namespace earshot
