#include "device/virtio/fake_driver.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using Bytes = std::vector<uint8_t>;

// Gives each chain of queue 0 back with its bytes, 10 ms after it came.
class DelayingDevice : public VirtioDevice {
 public:
  int queue_count() const override { return 1; }
  uint64_t device_features() const override { return 0b101; }
  void SetDriverFeatures(uint64_t features) override { features_ = features; }
  void ReadConfig(uint32_t, absl::Span<uint8_t>) const override {}
  void StartQueue(int, Virtqueue* queue, MonotonicTime now) override {
    queue_ = queue;
    Scan(now);
  }
  void StopQueue(int, MonotonicTime) override {
    queue_ = nullptr;
    held_.clear();
  }
  void OnKick(int, MonotonicTime now) override {
    ++kicks_;
    Scan(now);
  }
  void Reset(MonotonicTime) override { ++resets_; }
  MonotonicTime NextDeadline(MonotonicTime) const override {
    return held_.empty() ? MonotonicTime::max() : held_.front().due;
  }
  void OnTimer(MonotonicTime now) override {
    while (!held_.empty() && held_.front().due <= now) {
      DescriptorChain& chain = held_.front().chain;
      Bytes bytes(chain.readable_size());
      chain.Read(0, absl::MakeSpan(bytes));
      queue_->PushUsed(chain, chain.Write(0, bytes));
      held_.pop_front();
    }
    queue_->Notify();
  }

  uint64_t features_ = 0;
  int kicks_ = 0;
  int resets_ = 0;

 private:
  struct Held {
    DescriptorChain chain;
    MonotonicTime due;
  };

  void Scan(MonotonicTime now) {
    do {
      for (;;) {
        auto popped = queue_->Pop();
        if (!popped.ok()) continue;
        if (!popped->has_value()) break;
        held_.push_back({**std::move(popped), now + milliseconds(10)});
      }
    } while (queue_->EnableKicks());
  }

  Virtqueue* queue_ = nullptr;
  std::deque<Held> held_;
};

TEST(FakeDriverTest, NegotiatesWhatIsOfferedAndResetsFirst) {
  DelayingDevice device;
  FakeDriver driver(&device);
  driver.Start(0b110);
  EXPECT_EQ(device.features_, 0b100u);
  EXPECT_EQ(device.resets_, 1);
}

TEST(FakeDriverTest, TimePassesOnlyWhenItIsTold) {
  DelayingDevice device;
  FakeDriver driver(&device);
  driver.Start();
  driver.Send(0, {.readable = {{1, 2}}, .writable = {2}});
  driver.Advance(milliseconds(9));
  EXPECT_TRUE(driver.Collect(0).empty());
  driver.Advance(milliseconds(1));
  const std::vector<UsedChain> used = driver.Collect(0);
  ASSERT_EQ(used.size(), 1u);
  EXPECT_EQ(used[0].bytes, (Bytes{1, 2}));
  EXPECT_EQ(driver.notifications(0), 1);
}

TEST(FakeDriverTest, KicksOnlyWhenTheDeviceAsksForIt) {
  DelayingDevice device;
  FakeDriver driver(&device);
  driver.Start();
  driver.Add(0, {.readable = {{1}}});
  driver.Add(0, {.readable = {{2}}});
  EXPECT_TRUE(driver.Kick(0));
  EXPECT_FALSE(driver.Kick(0));
  EXPECT_EQ(device.kicks_, 1);
}

TEST(FakeDriverTest, OffersAgainWhatWasNotUsedBeforeAPause) {
  DelayingDevice device;
  FakeDriver driver(&device);
  driver.Start();
  const uint64_t first = driver.Send(0, {.readable = {{1}}, .writable = {1}});
  driver.Advance(milliseconds(10));
  const uint64_t second = driver.Send(0, {.readable = {{2}}, .writable = {1}});
  driver.Stop();
  EXPECT_EQ(driver.virtqueue(0), nullptr);
  driver.Advance(milliseconds(100));
  EXPECT_EQ(driver.Collect(0).at(0).token, first);
  driver.Resume();
  driver.Advance(milliseconds(10));
  EXPECT_EQ(driver.Collect(0).at(0).token, second);
}

TEST(FakeDriverTest, AStartForgetsEverything) {
  DelayingDevice device;
  FakeDriver driver(&device);
  driver.Start();
  const size_t bytes = driver.guest().ram().allocated_bytes();
  driver.Send(0, {.readable = {{1}}, .indirect = true});
  driver.Start();
  EXPECT_EQ(driver.guest().ram().allocated_bytes(), bytes);
  EXPECT_EQ(driver.ring(0).in_flight(), 0u);
  driver.Advance(milliseconds(50));
  EXPECT_TRUE(driver.Collect(0).empty());
  EXPECT_EQ(device.resets_, 2);
}

TEST(FakeDriverTest, WorksWithoutEventIdx) {
  DelayingDevice device;
  FakeDriver driver(&device, {.queue_count = 1, .event_idx = false});
  driver.Start();
  for (uint8_t i = 0; i < 100; ++i) {
    driver.Send(0, {.readable = {{i}}, .writable = {1}});
    driver.Advance(milliseconds(10));
    ASSERT_EQ(driver.Collect(0).at(0).bytes, Bytes{i});
  }
  EXPECT_EQ(driver.notifications(0), 100);
}

}  // namespace
}  // namespace earshot
