// A process without file descriptors, and where those that came have gone.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "device/vhost_user/backend_fixture.h"
#include "device/vhost_user/unique_fd.h"

namespace earshot::vhost_user {
namespace {

class ScarceFdsTest : public BackendTest {
 protected:
  void SetUp() override {
    // The loop and the clock open some of their own when they are first used.
    Start();
    vmm_.Disconnect();
    while (backend_->connected()) Pump();
  }

  // Leaves `count` for this process, as long as the result lives.
  class Limit {
   public:
    explicit Limit(int count) {
      getrlimit(RLIMIT_NOFILE, &before_);
      rlimit limit = before_;
      const UniqueFd next(dup(0));  // the lowest that is free
      limit.rlim_cur = next.get() + count;
      setrlimit(RLIMIT_NOFILE, &limit);
    }
    ~Limit() { setrlimit(RLIMIT_NOFILE, &before_); }

   private:
    rlimit before_;
  };
};

TEST_F(ScarceFdsTest, AVmmIsAcceptedAsSoonAsThereIsAFdForIt) {
  // A hole at one fd alone makes counting easy.
  const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  {
    const Limit limit(0);
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address),
                      sizeof(address)),
              0);
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(250);
    while (std::chrono::steady_clock::now() < end) Pump();
    EXPECT_FALSE(backend_->connected());
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!backend_->connected() && std::chrono::steady_clock::now() < end) {
    Pump();
  }
  EXPECT_TRUE(backend_->connected());
}

TEST_F(ScarceFdsTest, FdsThatCannotBeTakenEndTheConnectionOnly) {
  ASSERT_TRUE(vmm_.Connect().ok());
  const UniqueFd fd(eventfd(0, EFD_CLOEXEC));
  {
    const Limit limit(0);
    ASSERT_TRUE(vmm_.SendMessage(static_cast<uint32_t>(Request::kSetVringCall),
                                 0, Encode(uint64_t{0}), {fd.get()})
                    .ok());
    EXPECT_TRUE(vmm_.WaitForClose());
  }
  Start();
  ExpectEcho(0, {1});
}

TEST_F(ScarceFdsTest, EveryMessageWithEveryNumberOfFdsLeavesNoneBehind) {
  const int before = OpenFds();
  {
    const UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    for (uint32_t request = 1; request <= 44; ++request) {
      for (int count : {0, 1, 2, kMaxFds}) {
        for (int fd : {event.get(), guest_.ram().fd()}) {
          for (size_t size : {0, 8, 24, 40, 48}) {
            if (!vmm_.connected()) {
              ASSERT_TRUE(vmm_.Connect().ok());
            }
            ASSERT_TRUE(vmm_.SendMessage(request, kNeedReplyFlag, Bytes(size),
                                         std::vector<int>(count, fd))
                            .ok());
            Pump();
            if (!backend_->connected()) vmm_.Disconnect();
          }
        }
      }
      vmm_.Disconnect();
      while (backend_->connected()) Pump();
    }
  }
  EXPECT_EQ(OpenFds(), before);
}

}  // namespace
}  // namespace earshot::vhost_user
