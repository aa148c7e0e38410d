// The real device in its sandbox: that it is in it, every thread, and that all
// it has to do still goes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "device/sandbox/in_child.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/child_process.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/sound_guest.h"
#include "tests/integration/test_sound.h"

namespace earshot {
namespace {

constexpr int kFrames = 24000;
constexpr uid_t kNobody = 65534;

// A port of this host that is free.
std::string FreePort() {
  const int taken = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(taken, generic, size), 0);
  EXPECT_EQ(getsockname(taken, generic, &size), 0);
  close(taken);
  return std::to_string(ntohs(address.sin6_port));
}

// What the kernel tells of a thread.
std::string Field(const std::filesystem::path& status,
                  const std::string& name) {
  std::ifstream file(status);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(name + ":\t", 0) == 0) return line.substr(name.size() + 2);
  }
  return "none";
}

class SandboxTest : public testing::Test {
 protected:
  static std::unique_ptr<ChildProcess> StartServer(const std::string& address) {
    auto server = std::make_unique<ChildProcess>(std::vector<std::string>{
        "server/earshot-server", "--listen=" + address, "--sink=null"});
    EXPECT_TRUE(server->WaitForLine("server started")) << server->log();
    return server;
  }

  // Once the device has opened its stream.
  void Play(ChildProcess& device, const std::string& vm) {
    ASSERT_TRUE(device.WaitForLine("stream open")) << device.log();
    const auto guest = SoundGuest::Connect(rig_.SocketPath(vm));
    ASSERT_TRUE(guest.ok()) << guest.status();
    ASSERT_TRUE((*guest)->Play({}, sound_.bytes).ok());
    const std::string frames = std::to_string(kFrames);
    EXPECT_TRUE(device.WaitForLine("produced=" + frames + " played=" + frames))
        << device.log();
  }

  void ExpectPlaysAt(const std::string& address) {
    const auto server = StartServer(address);
    const auto device = rig_.StartDevice("a", {"--codec=pcm"}, address);
    Play(*device, "a");
    device->Signal(SIGTERM);
    EXPECT_EQ(device->Wait(), 0);
    EXPECT_FALSE(std::filesystem::exists(rig_.SocketPath("a")));
  }

  PlaybackRig rig_;
  const TestSound sound_ = MakeTestSound(kSndFormatS16, 2, kFrames);
};

TEST_F(SandboxTest, EveryThreadIsInIt) {
  const std::string address = "localhost:" + FreePort();
  const auto server = StartServer(address);
  const auto device = rig_.StartDevice("a", {}, address);
  Play(*device, "a");
  int threads = 0;
  for (const auto& thread : std::filesystem::directory_iterator(
           "/proc/" + std::to_string(device->pid()) + "/task")) {
    const std::filesystem::path status = thread.path() / "status";
    EXPECT_EQ(Field(status, "Seccomp"), "2");
    EXPECT_EQ(Field(status, "NoNewPrivs"), "1");
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
      EXPECT_EQ(Field(status, set), "0000000000000000") << set;
    }
    ++threads;
  }
  EXPECT_GT(threads, 1);
}

TEST_F(SandboxTest, AServiceIsFoundByItsNameAndPlayedAt) {
  ExpectPlaysAt("localhost:" + FreePort());
}

TEST_F(SandboxTest, AServiceIsPlayedAtOverIpv4) {
  ExpectPlaysAt("127.0.0.1:" + FreePort());
}

TEST_F(SandboxTest, AServiceIsPlayedAtOverIpv6) {
  ExpectPlaysAt("[::1]:" + FreePort());
}

TEST_F(SandboxTest, AServiceThatWasAwayIsFoundAgain) {
  const std::string address = "localhost:" + FreePort();
  auto server = StartServer(address);
  const auto device = rig_.StartDevice("a", {"--codec=pcm"}, address);
  Play(*device, "a");
  server->Signal(SIGKILL);
  server->Wait();
  ASSERT_TRUE(device->WaitForLine("stream lost")) << device->log();
  server = StartServer(address);
  Play(*device, "a");
}

TEST_F(SandboxTest, ItCanBeSwitchedOff) {
  const auto device = rig_.StartDevice("a", {"--sandbox=off"});
  const std::string status =
      "/proc/" + std::to_string(device->pid()) + "/status";
  EXPECT_EQ(Field(status, "NoNewPrivs"),
            Field("/proc/self/status", "NoNewPrivs"));
  EXPECT_EQ(Field(status, "Seccomp_filters"),
            Field("/proc/self/status", "Seccomp_filters"));
}

TEST_F(SandboxTest, AnotherUserOwnsTheSocketAndPlays) {
  if (InChild([] { return ErrorOf(setresuid(kNobody, kNobody, kNobody)); })) {
    GTEST_SKIP() << "only root can try, where there is another user";
  }
  // The folder is theirs, so that the socket can go in the end.
  const std::string folder =
      std::filesystem::path(rig_.SocketPath("a")).parent_path().string();
  ASSERT_EQ(chown(folder.c_str(), kNobody, static_cast<gid_t>(-1)), 0);
  const std::string address = "localhost:" + FreePort();
  const auto server = StartServer(address);
  const auto device = rig_.StartDevice("a", {"--user=nobody"}, address);
  struct stat socket = {};
  ASSERT_EQ(stat(rig_.SocketPath("a").c_str(), &socket), 0);
  EXPECT_EQ(socket.st_uid, kNobody);
  EXPECT_EQ(socket.st_mode & 0777, 0660u);
  EXPECT_THAT(
      Field("/proc/" + std::to_string(device->pid()) + "/status", "Uid"),
      testing::StartsWith("65534\t65534\t65534"));
  Play(*device, "a");
  device->Signal(SIGTERM);
  EXPECT_EQ(device->Wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(rig_.SocketPath("a")));
}

}  // namespace
}  // namespace earshot
