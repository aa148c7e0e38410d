#include "device/metrics/loop_reader.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <thread>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoopReaderTest : public testing::Test {
 protected:
  DeviceFigures Read() {
    read_by_ = std::this_thread::get_id();
    DeviceFigures figures;
    figures.vmm.connections = ++reads_;
    return figures;
  }

  boost::asio::io_context loop_{1};
  int reads_ = 0;
  std::thread::id read_by_;
  LoopReader reader_{&loop_, [this] { return Read(); }};
};

TEST_F(LoopReaderTest, TheLoopItselfReads) {
  auto work = boost::asio::make_work_guard(loop_);
  std::thread thread([this] { loop_.run(); });
  const auto id = thread.get_id();
  const auto first = reader_.Read(seconds(20));
  const auto second = reader_.Read(seconds(20));
  work.reset();
  thread.join();
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->vmm.connections, 1);
  EXPECT_EQ(second->vmm.connections, 2);
  EXPECT_EQ(read_by_, id);
}

TEST_F(LoopReaderTest, NothingIsReadIfNobodyAsks) {
  EXPECT_EQ(loop_.poll(), 0u);
  EXPECT_EQ(reads_, 0);
}

TEST_F(LoopReaderTest, ALoopThatHangsIsAskedOnce) {
  EXPECT_FALSE(reader_.Read(milliseconds(1)).has_value());
  EXPECT_FALSE(reader_.Read(milliseconds(1)).has_value());
  EXPECT_EQ(loop_.poll(), 1u);
  EXPECT_EQ(reads_, 1);
  EXPECT_TRUE(reader_.Read(milliseconds(1)).has_value());
}

}  // namespace
}  // namespace earshot
