// A guest with a second processor, which rewrites rings, descriptors, requests
// and sound while the device reads them: nothing is read or written outside of
// the guest's memory (around which nothing is mapped), and once it stops, the
// device plays as if nothing had been. What must not be read twice is shown by
// double_read_fuzz_test.
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"
#include "device/virtio/split_ring.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spdlog/spdlog.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr uint16_t kEntries = 64;      // of each ring
constexpr size_t kBufferBytes = 4096;  // of each kind of buffer

class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed) {}
  uint32_t Next() {
    state_ = state_ * 1664525 + 1013904223;
    return state_ >> 8;
  }
  uint32_t Below(uint32_t limit) { return Next() % limit; }

 private:
  uint32_t state_;
};

// Writes as the other processor does, whatever is read meanwhile.
template <typename T>
void Poke(void* address, T value) {
  *static_cast<volatile T*>(address) = value;
}

// The guest's second processor.
class Rewriter {
 public:
  explicit Rewriter(FakeGuest& guest) : ram_(guest.ram()) {
    for (int i = 0; i < kSndQueueCount; ++i) {
      const Virtqueue::Layout& layout = guest.ring(i).layout();
      descriptors_.push_back(Host(layout.descriptor_table));
      avail_.push_back(Host(layout.avail_ring));
      used_.push_back(Host(layout.used_ring));
    }
    buffers_ = ram_.Allocate(16 * kBufferBytes);
    tables_ = ram_.Allocate(kEntries * sizeof(SplitDescriptor));
    thread_ = std::thread([this] { Run(); });
  }
  ~Rewriter() {
    stop_ = true;
    thread_.join();
  }
  int64_t rewrites() const { return rewrites_; }
  // Nothing is rewritten until Go(): from when this returns.
  void Rest() {
    const int rest = ++turn_;
    while (rested_ != rest) std::this_thread::yield();
  }
  // Returns once it is at it.
  void Go() {
    const int64_t before = rewrites_;
    ++turn_;
    while (rewrites_ == before) std::this_thread::yield();
  }

 private:
  uint8_t* Host(uint64_t user_address) const {
    const auto& region = ram_.regions().front();
    return region.host + (user_address - region.user_address);
  }

  void Run() {
    Random random(7);
    while (!stop_) {
      if (const int turn = turn_; turn % 2 != 0) {
        rested_ = turn;
        std::this_thread::yield();
        continue;
      }
      for (int i = 0; i < 256; ++i) Rewrite(random);
      rewrites_ += 256;
    }
  }

  void Rewrite(Random& random) {
    const uint32_t queue = random.Below(kSndQueueCount);
    switch (random.Below(8)) {
      case 0:
      case 1: {
        const uint32_t index = random.Below(kEntries);
        uint8_t* at = descriptors_[queue] + sizeof(SplitDescriptor) * index;
        if (random.Below(4) == 0) return Descriptor(at, random);
        return GoodDescriptor(at, index, random);
      }
      case 2:
        return Descriptor(
            ram_.At(tables_) + sizeof(SplitDescriptor) * random.Below(64),
            random);
      case 3:
        return Poke<uint16_t>(
            avail_[queue] + kAvailRingOffset + 2 * random.Below(kEntries),
            random.Below(20) == 0 ? random.Below(0x10000)
                                  : 2 * random.Below(kEntries / 2));
      case 4:
        return MoreBuffers(queue, random);
      case 5: {
        // A request that is good, unless it is changed meanwhile.
        static constexpr uint32_t kSetParams[] = {
            kSndPcmSetParams, 0, 3840, 960, 0, 0x00070502};
        uint8_t* at = ram_.At(buffers_ + kBufferBytes * random.Below(16));
        for (const uint32_t word : kSetParams) {
          Poke<uint32_t>(at, word);
          at += sizeof(word);
        }
        return;
      }
      default: {
        // Headers: stream ids, request codes and counts.
        static constexpr uint32_t kWords[] = {0,
                                              1,
                                              2,
                                              kSndPcmInfo,
                                              kSndJackInfo,
                                              kSndChmapInfo,
                                              kSndPcmSetParams,
                                              kSndPcmPrepare,
                                              kSndPcmStart,
                                              kSndPcmStop,
                                              kSndPcmRelease,
                                              0xffffffff,
                                              32,
                                              960,
                                              480,
                                              0x00070502};
        return Poke<uint32_t>(
            ram_.At(buffers_ + kBufferBytes * random.Below(16) +
                    4 * random.Below(6)),
            kWords[random.Below(std::size(kWords))]);
      }
    }
  }

  // Even ones hold a request or sound, odd ones have room for the answer.
  void GoodDescriptor(uint8_t* at, uint32_t index, Random& random) {
    const bool answer = index % 2 != 0;
    const auto& region = ram_.regions()[random.Below(2)];
    Poke<uint64_t>(at, random.Below(8) == 0
                           ? region.guest_address + region.size - 2
                           : buffers_ + kBufferBytes * random.Below(16));
    Poke<uint32_t>(at + 8, answer ? 64 : 24);
    Poke<uint16_t>(at + 12, answer ? kDescriptorWrite : kDescriptorNext);
    Poke<uint16_t>(at + 14, index + 1);
  }

  // As many as the ring holds, mostly: one that breaks is not looked at again.
  void MoreBuffers(uint32_t queue, Random& random) {
    uint16_t used;
    std::memcpy(&used, used_[queue] + kUsedIndexOffset, sizeof(used));
    uint16_t& index = indices_[queue];
    // The driver has begun anew.
    if (static_cast<uint16_t>(index - used) > kEntries) index = used;
    if (static_cast<uint16_t>(index - used) < kEntries) ++index;
    Poke<uint16_t>(avail_[queue] + kAvailIndexOffset,
                   random.Below(100000) == 0 ? random.Next() : index);
  }

  void Descriptor(uint8_t* at, Random& random) {
    switch (random.Below(4)) {
      case 0: {
        uint64_t address = buffers_ + kBufferBytes * random.Below(16);
        if (random.Below(8) == 0) address = tables_;
        if (random.Below(16) == 0) {
          // The last bytes of a region, and those behind it.
          const auto& region = ram_.regions()[random.Below(2)];
          address = region.guest_address + region.size - random.Below(64);
        }
        return Poke<uint64_t>(at, address);
      }
      case 1:
        return Poke<uint32_t>(at + 8, random.Below(16) == 0
                                          ? random.Next() << 8
                                          : 4 * (1 + random.Below(64)));
      case 2:
        return Poke<uint16_t>(at + 12, random.Below(8));
      default:
        return Poke<uint16_t>(at + 14, random.Below(kEntries + 1));
    }
  }

  FakeRam& ram_;
  std::vector<uint8_t*> descriptors_;
  std::vector<uint8_t*> avail_;
  std::vector<uint8_t*> used_;
  uint16_t indices_[kSndQueueCount] = {};
  uint64_t buffers_ = 0;
  uint64_t tables_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<int> turn_ = 0;  // odd: to rest
  std::atomic<int> rested_ = 0;
  std::atomic<int64_t> rewrites_ = 0;
  std::thread thread_;
};

TEST(MemoryRaceTest, AGuestThatRewritesItsMemoryMeanwhileDoesNoHarm) {
  spdlog::set_level(spdlog::level::off);
  FakePcmOutput outputs[2];
  for (FakePcmOutput& output : outputs) output.set_record_bytes(false);
  SoundDevice device({&outputs[0], &outputs[1]},
                     {.offer = {}, .controls = true});
  FakeSoundDriver guest(&device);
  FakeDriver& driver = guest.driver();
  MonotonicTime now = driver.now();
  int64_t turns = 0;
  {
    Rewriter rewriter(driver.guest());
    const auto end = std::chrono::steady_clock::now() + seconds(3);
    while (std::chrono::steady_clock::now() < end) {
      // A ring that broke, or a stream that got lost, begins anew, and plays.
      rewriter.Rest();
      driver.Start();
      for (const uint32_t stream : {0, 1}) {
        ASSERT_EQ(guest.SetParams(stream, 3840, 960), SndStatus::kOk);
        ASSERT_EQ(guest.Command(kSndPcmPrepare, stream), SndStatus::kOk);
        ASSERT_EQ(guest.Command(kSndPcmStart, stream), SndStatus::kOk);
      }
      rewriter.Go();
      for (int i = 0; i < 200; ++i, ++turns) {
        now += milliseconds(1);
        device.OnKick(i % kSndQueueCount, now);
        if (device.NextDeadline(now) <= now) device.OnTimer(now);
        for (const FakePcmOutput& output : outputs) {
          ASSERT_EQ(output.misuse(), "");
        }
        // However often a buffer is offered.
        ASSERT_LE(device.stream(0).queued_end() - device.stream(0).produced(),
                  60 * 48000);
      }
    }
    EXPECT_GT(rewriter.rewrites(), 1000);
  }
  EXPECT_GT(turns, 1000);
  // It was not only refused.
  EXPECT_GT(device.stats().control_requests, 0);
  EXPECT_GT(device.stats().malformed_chains, 0);
  for (const int stream : {0, 1}) {
    EXPECT_GT(device.stream(stream).stats().frames_produced, 480);
    EXPECT_GT(device.stream(stream).stats().buffers_completed, 10);
  }

  driver.Start();
  ASSERT_EQ(guest.SetParams(0, 4 * 960, 4 * 480), SndStatus::kOk);
  ASSERT_EQ(guest.Command(kSndPcmPrepare, 0), SndStatus::kOk);
  guest.SendTx(0, std::vector<uint8_t>(4 * 480));
  ASSERT_EQ(guest.Command(kSndPcmStart, 0), SndStatus::kOk);
  device.OnTimer(now + milliseconds(11));
  const auto answers = guest.CollectTx();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].status, SndStatus::kOk);
}

}  // namespace
}  // namespace earshot
