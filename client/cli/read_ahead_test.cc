#include "client/cli/read_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <numeric>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

class ReadAheadTest : public testing::Test {
 protected:
  void Start(ReadAhead::Source source, size_t max_samples) {
    ahead_ =
        std::make_unique<ReadAhead>(std::move(source), max_samples,
                                    io_.get_executor(), [this] { ++more_; });
  }
  [[nodiscard]] bool Until(const std::function<bool()>& condition) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io_.restart();
      io_.run_one_for(milliseconds(5));
    }
    return true;
  }

  boost::asio::io_context io_;
  std::unique_ptr<ReadAhead> ahead_;
  int more_ = 0;
};

TEST_F(ReadAheadTest, HandsOverAllInItsOrderAndThenTheEnd) {
  auto next = std::make_shared<float>(0);
  auto piece = std::make_shared<std::vector<float>>(7);
  Start(
      [next, piece] {
        std::iota(piece->begin(), piece->end(), *next);
        *next += 7;
        return *next > 700 ? absl::Span<const float>() : *piece;
      },
      50);
  std::vector<float> taken;
  ASSERT_TRUE(Until([&] { return !ahead_->Take(taken); }));
  std::vector<float> expected(700);
  std::iota(expected.begin(), expected.end(), 0.0f);
  EXPECT_EQ(taken, expected);
  ASSERT_TRUE(Until([&] { return more_ > 0; }));
}

TEST_F(ReadAheadTest, ReadsNoFurtherThanItsBound) {
  auto calls = std::make_shared<std::atomic<int>>(0);
  auto piece = std::make_shared<std::vector<float>>(10);
  Start(
      [calls, piece] {
        ++*calls;
        return absl::Span<const float>(*piece);
      },
      50);
  // The bound, and the piece that has to wait.
  ASSERT_TRUE(Until([&] { return *calls == 6; }));
  io_.run_for(milliseconds(20));
  EXPECT_EQ(*calls, 6);
  std::vector<float> taken;
  EXPECT_TRUE(ahead_->Take(taken));
  EXPECT_EQ(taken.size(), 50u);
  ASSERT_TRUE(Until([&] { return *calls > 6; }));
}

TEST_F(ReadAheadTest, ASourceThatBlocksHoldsUpNeitherTheLoopNorTheEnd) {
  auto gate = std::make_shared<std::promise<void>>();
  auto open = std::make_shared<std::shared_future<void>>(gate->get_future());
  auto piece = std::make_shared<std::vector<float>>(1, 0.5f);
  auto calls = std::make_shared<std::atomic<int>>(0);
  Start(
      [open, piece, calls] {
        if (++*calls > 1) open->wait();
        return absl::Span<const float>(*piece);
      },
      50);
  ASSERT_TRUE(Until([&] { return more_ == 1; }));
  std::vector<float> taken;
  EXPECT_TRUE(ahead_->Take(taken));
  EXPECT_THAT(taken, ElementsAre(0.5f));
  ahead_.reset();
  gate->set_value();
  io_.run_for(milliseconds(5));
  EXPECT_EQ(more_, 1);
}

}  // namespace
}  // namespace earshot
