#include "server/limits/connection_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace earshot {
namespace {

using Verdict = ConnectionTable::Verdict;

class ConnectionTableTest : public testing::Test {
 protected:
  ~ConnectionTableTest() override {
    for (int fd : open_) close(fd);
  }

  int NewSocket() {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    open_.push_back(fd);
    return fd;
  }

  void Close(int fd) {
    std::erase(open_, fd);
    close(fd);
  }

  // A connection of that peer comes, a while after the last.
  Verdict Connect(const char* peer, bool same_machine = false) {
    now_ += std::chrono::seconds(1);
    last_ = NewSocket();
    const Verdict verdict =
        table_.Add(last_, {peer, same_machine}, bounds_, now_);
    if (verdict != Verdict::kTaken) Close(last_);
    return verdict;
  }

  std::vector<int> open_;
  int last_ = -1;
  ConnectionTable table_;
  ConnectionTable::Bounds bounds_{4, 2};
  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
};

TEST_F(ConnectionTableTest, BoundsThoseOfOnePeerAndAll) {
  EXPECT_EQ(Connect("a"), Verdict::kTaken);
  EXPECT_EQ(Connect("a"), Verdict::kTaken);
  EXPECT_EQ(Connect("a"), Verdict::kTooManyOfPeer);
  EXPECT_EQ(Connect("b"), Verdict::kTaken);
  EXPECT_EQ(Connect("c"), Verdict::kTaken);
  EXPECT_EQ(Connect("d"), Verdict::kTooMany);
  EXPECT_EQ(table_.CountOpen(), 4u);
}

TEST_F(ConnectionTableTest, OneThatWasClosedMakesRoom) {
  ASSERT_EQ(Connect("a"), Verdict::kTaken);
  ASSERT_EQ(Connect("a"), Verdict::kTaken);
  const int first = open_.front();
  ASSERT_EQ(Connect("a"), Verdict::kTooManyOfPeer);
  Close(first);
  EXPECT_EQ(table_.CountOpen(), 1u);
  EXPECT_EQ(Connect("a"), Verdict::kTaken);
  EXPECT_EQ(Connect("a"), Verdict::kTooManyOfPeer);
}

TEST_F(ConnectionTableTest, ANumberThatStandsForAnotherSocketIsClosed) {
  ASSERT_EQ(Connect("a"), Verdict::kTaken);
  const int number = last_;
  Close(number);
  // The system gives the lowest free number.
  ASSERT_EQ(NewSocket(), number);
  EXPECT_EQ(table_.CountOpen(), 0u);
}

TEST_F(ConnectionTableTest, ANumberThatStandsForAFileIsClosed) {
  ASSERT_EQ(Connect("a"), Verdict::kTaken);
  const int number = last_;
  Close(number);
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  open_.push_back(file);
  ASSERT_EQ(file, number);
  EXPECT_EQ(table_.CountOpen(), 0u);
}

TEST_F(ConnectionTableTest, ANumberThatIsConnectedAnewCountsOnce) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(Connect("a"), Verdict::kTaken);
    Close(last_);
  }
  ASSERT_EQ(Connect("b"), Verdict::kTaken);
  EXPECT_EQ(table_.CountOpen(), 1u);
  EXPECT_EQ(Connect("a"), Verdict::kTaken);
  EXPECT_EQ(Connect("a"), Verdict::kTaken);
  EXPECT_EQ(Connect("a"), Verdict::kTooManyOfPeer);
}

TEST_F(ConnectionTableTest, ThoseOfTheSameMachineAreBoundedOnlyInAll) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(Connect("127.0.0.1", true), Verdict::kTaken);
  }
  EXPECT_EQ(Connect("127.0.0.1", true), Verdict::kTooMany);
}

TEST_F(ConnectionTableTest, CutsTheConnectionOfAnEndpointAndNoOther) {
  int ends[2];
  int others[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), 0);
  open_ = {ends[0], ends[1], others[0], others[1]};
  ASSERT_EQ(table_.Add(ends[0], {"a", false, "a:1"}, bounds_, now_),
            Verdict::kTaken);
  ASSERT_EQ(table_.Add(others[0], {"a", false, "a:2"}, bounds_, now_),
            Verdict::kTaken);
  EXPECT_FALSE(table_.Cut("a:3"));
  EXPECT_TRUE(table_.Cut("a:1"));
  char byte = 0;
  EXPECT_EQ(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
  EXPECT_EQ(recv(others[1], &byte, 1, MSG_DONTWAIT), -1);
  // It is the business of whom it was given to.
  EXPECT_EQ(table_.CountOpen(), 2u);
}

TEST_F(ConnectionTableTest, CutsNothingThatHasTakenTheNumber) {
  int ends[2];
  ASSERT_EQ(Connect("a"), Verdict::kTaken);
  const int number = last_;
  Close(number);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  open_ = {ends[0], ends[1]};
  ASSERT_EQ(ends[0], number);
  EXPECT_FALSE(table_.Cut(""));
  char byte = 0;
  EXPECT_EQ(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
}

TEST_F(ConnectionTableTest, ZeroIsNoBound) {
  bounds_ = {};
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Connect("a"), Verdict::kTaken);
}

TEST_F(ConnectionTableTest, WhoConnectsInVainAgainAndAgainCostsNoLooking) {
  bounds_ = {1, 0};
  ASSERT_EQ(Connect("a"), Verdict::kTaken);
  ASSERT_EQ(Connect("b"), Verdict::kTooMany);
  Close(open_.front());
  // At once after it was looked at; the number is taken by something else.
  const int other = NewSocket();
  const int fd = NewSocket();
  EXPECT_EQ(table_.Add(fd, {"b", false}, bounds_, now_), Verdict::kTooMany);
  EXPECT_EQ(table_.Add(fd, {"b", false}, bounds_,
                       now_ + std::chrono::milliseconds(200)),
            Verdict::kTaken);
  EXPECT_NE(other, fd);
}

}  // namespace
}  // namespace earshot
