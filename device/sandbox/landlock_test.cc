#include "device/sandbox/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "bazel/temporary_folder.h"
#include "device/sandbox/in_child.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

constexpr Outcome kNotEntered = 250;

class LandlockTest : public testing::Test {
 protected:
  LandlockTest() {
    for (const char* place : {"read", "remove", "other"}) {
      std::filesystem::create_directory(folder_.path() / place);
      std::ofstream(folder_.path() / place / "file") << "text";
    }
    rules_.read = {Path("read"), Path("no such thing")};
    rules_.remove = {Path("remove")};
  }

  void SetUp() override {
    const Outcome entered = Behind([] { return 0; });
    if (entered == kNotEntered) GTEST_SKIP() << "this kernel has no Landlock";
    ASSERT_EQ(entered, 0);
  }

  std::string Path(const std::string& name) const { return folder_ / name; }
  Outcome Behind(const std::function<Outcome()>& what) const {
    return InChild([&] {
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      const auto scope = EnterLandlock(rules_);
      abi_ = scope.ok() ? scope->abi : 0;
      return scope.ok() ? what() : kNotEntered;
    });
  }
  Outcome Open(const std::string& name, int flags) const {
    return Behind(
        [&] { return ErrorOf(open(Path(name).c_str(), flags, 0600)); });
  }
  Outcome Connect(uint16_t port) const {
    return Behind([&] {
      if (abi_ < 4) return EACCES;
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return ErrorOf(connect(socket(AF_INET, SOCK_STREAM, 0),
                             reinterpret_cast<const sockaddr*>(&address),
                             sizeof(address)));
    });
  }

  const TemporaryFolder folder_;
  LandlockRules rules_;
  mutable int abi_ = 0;  // in the child
};

TEST_F(LandlockTest, FilesAreReadWhereThatIsAllowed) {
  EXPECT_EQ(Open("read/file", O_RDONLY), 0);
  EXPECT_EQ(Open("other/file", O_RDONLY), EACCES);
  EXPECT_EQ(Open("remove/file", O_RDONLY), EACCES);
}

TEST_F(LandlockTest, AFileThatIsReplacedIsReadAllTheSame) {
  std::ofstream(Path("other/new")) << "new";
  int entered[2], replaced[2];
  ASSERT_EQ(pipe(entered) + pipe(replaced), 0);
  char word = 0;
  std::thread somebody([&] {
    EXPECT_EQ(read(entered[0], &word, 1), 1);
    std::filesystem::rename(Path("other/new"), Path("read/file"));
    EXPECT_EQ(write(replaced[1], &word, 1), 1);
  });
  EXPECT_EQ(Behind([&] {
              if (write(entered[1], &word, 1) != 1) return errno;
              if (read(replaced[0], &word, 1) != 1) return errno;
              return ErrorOf(open(Path("read/file").c_str(), O_RDONLY));
            }),
            0);
  somebody.join();
  for (const int end : {entered[0], entered[1], replaced[0], replaced[1]}) {
    close(end);
  }
}

TEST_F(LandlockTest, NothingIsWrittenMadeOrExecuted) {
  EXPECT_EQ(Open("read/file", O_WRONLY), EACCES);
  EXPECT_EQ(Open("remove/file", O_WRONLY), EACCES);
  EXPECT_EQ(Open("remove/made", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(
      Behind([&] { return ErrorOf(mkdir(Path("read/a").c_str(), 0700)); }),
      EACCES);
  char program[] = "/bin/true";
  char* const arguments[] = {program, nullptr};
  EXPECT_EQ(Behind([&] { return ErrorOf(execv(program, arguments)); }), EACCES);
}

TEST_F(LandlockTest, OnlyTheFolderOfTheSocketLetsAFileGo) {
  const auto removed = [&](const char* name) {
    return Behind([&] { return ErrorOf(unlink(Path(name).c_str())); });
  };
  EXPECT_EQ(removed("read/file"), EACCES);
  EXPECT_EQ(removed("other/file"), EACCES);
  EXPECT_EQ(removed("remove/file"), 0);
}

TEST_F(LandlockTest, TcpGoesToTheServicesPort) {
  // Nobody listens at either.
  rules_.tcp_ports = {1};
  EXPECT_THAT(Connect(1), testing::AnyOf(ECONNREFUSED, EACCES));
  EXPECT_EQ(Connect(2), EACCES);
}

TEST_F(LandlockTest, OnlyPortsOfItsOwnAreBound) {
  const auto bound = [&](uint16_t port) {
    return Behind([&] {
      if (abi_ < 4) return port == 0 ? 0 : EACCES;
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return ErrorOf(bind(socket(AF_INET, SOCK_STREAM, 0),
                          reinterpret_cast<const sockaddr*>(&address),
                          sizeof(address)));
    });
  };
  rules_.own_ports = {0};
  EXPECT_EQ(bound(0), 0);
  EXPECT_EQ(bound(50051), EACCES);
}

TEST_F(LandlockTest, WhatIsOpenStaysOpen) {
  const int file = open(Path("other/file").c_str(), O_RDWR);
  EXPECT_EQ(Behind([&] { return ErrorOf(write(file, "x", 1)); }), 0);
  close(file);
}

}  // namespace
}  // namespace earshot
