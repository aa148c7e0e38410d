#include "device/vhost_user/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "device/vhost_user/send_with_fds.h"

namespace earshot::vhost_user {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Encode(const Header& header, const Bytes& payload = {}) {
  Bytes bytes(sizeof(header));
  std::memcpy(bytes.data(), &header, sizeof(header));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

int OpenFds() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

std::pair<UniqueFd, UniqueFd> NewSocketPair() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

class ConnectionTest : public testing::Test {
 protected:
  void Send(const Bytes& bytes, int fds = 0) {
    const UniqueFd fd(eventfd(0, EFD_CLOEXEC));
    const std::vector<int> all(fds, fd.get());
    EXPECT_EQ(SendWithFds(vmm_.get(), bytes, all, 0),
              static_cast<ssize_t>(bytes.size()));
  }

  std::pair<UniqueFd, UniqueFd> ends_ = NewSocketPair();
  UniqueFd& vmm_ = ends_.first;
  UniqueFd& ours_ = ends_.second;
  Connection connection_{ours_.get()};
};

TEST_F(ConnectionTest, ReadsMessagesOneByOne) {
  Bytes both = Encode({1, kVersion, 0});
  const Bytes second = Encode({18, kVersion | kNeedReplyFlag, 3}, {7, 8, 9});
  both.insert(both.end(), second.begin(), second.end());
  Send(both);
  auto message = connection_.Read();
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_EQ((*message)->header.request, 1u);
  message = connection_.Read();
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_EQ((*message)->header.request, 18u);
  EXPECT_EQ((*message)->payload, (Bytes{7, 8, 9}));
  message = connection_.Read();
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(message->has_value());
}

TEST_F(ConnectionTest, AMessageMayComeByteByByteWithItsFds) {
  const Bytes bytes = Encode({12, kVersion, 8}, {1, 0, 0, 0, 0, 0, 0, 0});
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto message = connection_.Read();
    ASSERT_TRUE(message.ok());
    ASSERT_FALSE(message->has_value());
    Send({bytes[i]}, i == 0 ? 1 : 0);
  }
  auto message = connection_.Read();
  ASSERT_TRUE(message.ok() && message->has_value());
  ASSERT_EQ((*message)->fds.size(), 1u);
  EXPECT_EQ((*message)->payload[0], 1);
  EXPECT_EQ(fcntl((*message)->fds[0].get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(ConnectionTest, ClosesFdsThatNobodyTakes) {
  const int before = OpenFds();
  Send(Encode({1, kVersion, 0}), kMaxFds);
  {
    auto message = connection_.Read();
    ASSERT_TRUE(message.ok() && message->has_value());
    EXPECT_EQ((*message)->fds.size(), size_t{kMaxFds});
  }
  EXPECT_EQ(OpenFds(), before);
}

TEST_F(ConnectionTest, RefusesMoreFdsThanAMessageMayCarry) {
  const int before = OpenFds();
  Send(Encode({1, kVersion, 0}), kMaxFds + 1);
  {
    Connection connection(ours_.get());
    EXPECT_TRUE(absl::IsInvalidArgument(connection.Read().status()));
  }
  EXPECT_EQ(OpenFds(), before);
}

TEST_F(ConnectionTest, FdsInPartsOfAMessageCountTogether) {
  Send({1, 0, 0}, kMaxFds);
  Send({0}, 1);
  EXPECT_TRUE(absl::IsInvalidArgument(connection_.Read().status()));
}

TEST_F(ConnectionTest, RefusesWhatIsNoRequest) {
  for (const Header& header :
       {Header{1, 0, 0}, Header{1, 2, 0}, Header{1, kVersion | kReplyFlag, 0},
        Header{5, kVersion, kMaxPayloadSize + 1},
        Header{5, kVersion, 0xffffffff}}) {
    Send(Encode(header));
    Connection connection(ours_.get());
    EXPECT_TRUE(absl::IsInvalidArgument(connection.Read().status()))
        << header.flags << " " << header.size;
  }
}

TEST_F(ConnectionTest, ATruncatedMessageIsAnError) {
  for (const Bytes& part : {Bytes{1, 0}, Encode({2, kVersion, 8}, {1, 2})}) {
    ends_ = NewSocketPair();
    Connection connection(ours_.get());
    Send(part);
    vmm_ = UniqueFd();
    EXPECT_TRUE(absl::IsInvalidArgument(connection.Read().status()));
  }
}

TEST_F(ConnectionTest, SaysWhenTheVmmHasGone) {
  EXPECT_FALSE(connection_.PeerHasGone());
  vmm_ = UniqueFd();
  EXPECT_TRUE(connection_.PeerHasGone());
  EXPECT_TRUE(absl::IsUnavailable(connection_.Read().status()));
  EXPECT_TRUE(absl::IsUnavailable(connection_.Reply(1, Bytes{1})));
}

TEST_F(ConnectionTest, RepliesWithTheSameRequest) {
  ASSERT_TRUE(connection_.Reply(17, Bytes{1, 2}).ok());
  Bytes received(14);
  ASSERT_EQ(recv(vmm_.get(), received.data(), received.size(), 0), 14);
  EXPECT_EQ(received, Encode({17, kVersion | kReplyFlag, 2}, {1, 2}));
}

TEST_F(ConnectionTest, DoesNotWaitForAVmmThatDoesNotRead) {
  absl::Status status;
  for (int i = 0; i < 100000 && status.ok(); ++i) {
    status = connection_.Reply(1, Bytes(256));
  }
  EXPECT_TRUE(absl::IsUnavailable(status));
}

}  // namespace
}  // namespace earshot::vhost_user
