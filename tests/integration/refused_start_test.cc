// What is left of a device that is refused to start: nothing.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bazel/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/child_process.h"

namespace earshot {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int kFailure = 1;
constexpr int kUsage = 2;

class RefusedStartTest : public testing::Test {
 protected:
  RefusedStartTest() { std::filesystem::create_directory(folder_ / "run"); }

  // Starts it with its sockets in a folder of their own; its exit code.
  int Start(const std::vector<std::string>& flags) {
    std::vector<std::string> command = {"device/earshot-device", "--vm=a",
                                        "--socket=" + (folder_ / "run/s")};
    command.insert(command.end(), flags.begin(), flags.end());
    ChildProcess device(command);
    if (device.WaitForLine("ready")) return 0;
    log_ = device.log();
    return device.Wait();
  }

  // The names in that folder.
  std::vector<std::string> Left() const {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_ / "run")) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  // A socket there that a process left behind.
  void LeaveSocket(const std::string& name) const {
    const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder_ / name).c_str(),
                 sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(stale, reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)),
              0);
    close(stale);
  }

  const TemporaryFolder folder_;
  const std::string health_ = "--health=unix:" + (folder_ / "run/h");
  std::string log_;
};

TEST_F(RefusedStartTest, AServerThatIsNoAddress) {
  for (const char* server : {"--server=nowhere", "--server=unix:/s,a:b"}) {
    EXPECT_EQ(Start({server, health_}), kUsage) << server;
    EXPECT_THAT(log_, HasSubstr("--server: a server is host:port"));
    EXPECT_THAT(Left(), IsEmpty()) << server;
  }
}

TEST_F(RefusedStartTest, FilesThatAreNotThereOrNotWhatTheyShouldBe) {
  std::ofstream(folder_ / "wrong") << "no certificate\n";
  const std::string wrong = folder_ / "wrong";
  EXPECT_EQ(Start({"--tls-ca=/no/such/file", health_}), kUsage);
  EXPECT_THAT(log_, HasSubstr("--tls-ca=/no/such/file"));
  EXPECT_THAT(Left(), IsEmpty());
  EXPECT_EQ(Start({"--tls-cert=" + wrong, "--tls-key=" + wrong, health_}),
            kUsage);
  EXPECT_THAT(log_, HasSubstr("--tls-cert=" + wrong));
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(RefusedStartTest, AUserWhoIsNot) {
  EXPECT_EQ(Start({"--user=nosuchuser", health_}), kFailure);
  EXPECT_THAT(log_, HasSubstr("nosuchuser"));
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(RefusedStartTest, AUserWhoCouldNotTakeItAway) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has other users";
  std::filesystem::permissions(folder_ / "run",
                               std::filesystem::perms::owner_all);
  EXPECT_EQ(Start({"--user=nobody", health_, "--server=nowhere"}), kUsage);
  EXPECT_THAT(Left(), IsEmpty());
  EXPECT_EQ(Start({"--user=nobody", health_, "--tls-ca=/no/such/file"}),
            kUsage);
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(RefusedStartTest, APortThatCannotBeHad) {
  EXPECT_EQ(Start({"--metrics=192.0.2.1:1"}), kFailure);
  EXPECT_THAT(log_, HasSubstr("--metrics"));
  EXPECT_THAT(Left(), IsEmpty());
  EXPECT_EQ(Start({"--health=192.0.2.1:1"}), kFailure);
  EXPECT_THAT(log_, HasSubstr("--health"));
  EXPECT_THAT(Left(), IsEmpty());
  // Of two sockets the first goes, too.
  std::ofstream(folder_ / "file");
  EXPECT_EQ(Start({"--health=unix:" + (folder_ / "file")}), kFailure);
  EXPECT_THAT(Left(), IsEmpty());
}

TEST_F(RefusedStartTest, WhatAnotherOneLeftIsNotTouched) {
  LeaveSocket("run/s");
  EXPECT_EQ(Start({"--server=nowhere"}), kUsage);
  EXPECT_EQ(Start({"--tls-ca=/no/such/file"}), kUsage);
  EXPECT_THAT(Left(), UnorderedElementsAre("s"));
}

}  // namespace
}  // namespace earshot
