#include "device/virtio/virtqueue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "device/virtio/driver_ring.h"
#include "device/virtio/fake_ram.h"

namespace earshot {
namespace {

using testing::ElementsAre;
using Bytes = std::vector<uint8_t>;

constexpr uint16_t kSize = 8;

Bytes ReadAll(const DescriptorChain& chain) {
  Bytes bytes(chain.readable_size());
  chain.Read(0, absl::MakeSpan(bytes));
  return bytes;
}

// Parameter: whether EVENT_IDX is in use.
class VirtqueueTest : public testing::TestWithParam<bool> {
 protected:
  VirtqueueTest() { Attach(0); }

  void Attach(uint16_t next_avail) {
    queue_ = *Virtqueue::Create(&memory_, ring_.layout(), next_avail,
                                GetParam(), [this] { ++notifications_; });
  }

  DescriptorChain PopChain() {
    auto popped = queue_->Pop();
    EXPECT_TRUE(popped.ok()) << popped.status();
    if (!popped.ok() || !popped->has_value()) {
      ADD_FAILURE() << "no chain";
      return DescriptorChain();
    }
    return **std::move(popped);
  }
  bool Empty() {
    auto popped = queue_->Pop();
    return popped.ok() && !popped->has_value();
  }
  // A chain of raw descriptors at 0, 1, 2...; the last one ends it.
  void Publish(std::vector<SplitDescriptor> parts) {
    for (size_t i = 0; i < parts.size(); ++i) *ring_.descriptor(i) = parts[i];
    ring_.PublishHead(0);
  }
  // Pops a malformed chain: it comes back with length 0, and the queue goes on.
  absl::Status PopMalformed() {
    auto popped = queue_->Pop();
    if (popped.ok()) return absl::OkStatus();
    EXPECT_TRUE(Empty());
    std::vector<UsedChain> used = ring_.Collect();
    EXPECT_EQ(used.size(), 1u);
    for (const UsedChain& chain : used) EXPECT_EQ(chain.written, 0u);
    return popped.status();
  }

  FakeRam ram_{2, 1 << 20};
  const GuestMemory memory_ = ram_.memory();
  DriverRing ring_{&ram_, kSize, GetParam()};
  std::optional<Virtqueue> queue_;
  int notifications_ = 0;
  const uint64_t page_ = ram_.Allocate(4096);
};

INSTANTIATE_TEST_SUITE_P(EventIdx, VirtqueueTest, testing::Bool());

TEST_P(VirtqueueTest, AnEmptyRingHasNoChain) { EXPECT_TRUE(Empty()); }

TEST_P(VirtqueueTest, PopsChainsOfManyPartsInOrder) {
  ring_.Add({.readable = {{1, 2}, {3}, {4, 5, 6}}, .writable = {4, 8}});
  ring_.Add({.readable = {{7}}});
  ring_.Add({.writable = {16}});
  DescriptorChain first = PopChain();
  EXPECT_EQ(ReadAll(first), (Bytes{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(first.writable_size(), 12u);
  EXPECT_EQ(ReadAll(PopChain()), Bytes{7});
  EXPECT_EQ(PopChain().writable_size(), 16u);
  EXPECT_TRUE(Empty());
  EXPECT_EQ(queue_->next_avail(), 3);
}

TEST_P(VirtqueueTest, PopsIndirectChains) {
  ring_.Add({.readable = {{1, 2}, {3}}, .writable = {4}, .indirect = true});
  DescriptorChain chain = PopChain();
  EXPECT_EQ(ReadAll(chain), (Bytes{1, 2, 3}));
  EXPECT_EQ(chain.writable_size(), 4u);
}

TEST_P(VirtqueueTest, TellsWhetherTheDriverHasLooked) {
  EXPECT_TRUE(queue_->DriverHasLooked());
  ring_.Add({.writable = {4}});
  queue_->PushUsed(PopChain(), 0);
  // Without EVENT_IDX nobody knows.
  EXPECT_EQ(queue_->DriverHasLooked(), !GetParam());
  ring_.Collect();
  EXPECT_TRUE(queue_->DriverHasLooked());
}

TEST_P(VirtqueueTest, AnIndirectChainMayBeLongerThanTheRing) {
  FakeChain chain = {.writable = {8}, .indirect = true};
  for (int i = 0; i < Virtqueue::kMaxChainLength - 1; ++i) {
    chain.readable.push_back({static_cast<uint8_t>(i)});
  }
  ring_.Add(chain);
  EXPECT_EQ(PopChain().readable_size(), size_t{Virtqueue::kMaxChainLength - 1});
}

TEST_P(VirtqueueTest, DirectDescriptorsMayGoBeforeAnIndirectOne) {
  const SplitDescriptor part = {page_ + 64, 32, kDescriptorWrite, 0};
  std::memcpy(ram_.At(page_), &part, sizeof(part));
  // The write flag of the table itself means nothing.
  Publish({{page_ + 128, 16, kDescriptorNext, 1},
           {page_, 16, kDescriptorIndirect | kDescriptorWrite, 0}});
  DescriptorChain chain = PopChain();
  EXPECT_EQ(chain.readable_size(), 16u);
  EXPECT_EQ(chain.writable_size(), 32u);
}

TEST_P(VirtqueueTest, UsedChainsReachTheDriverOutOfOrder) {
  const uint64_t a = ring_.Add({.readable = {{1}}, .writable = {2, 2}});
  const uint64_t b = ring_.Add({.readable = {{2}}, .writable = {4}});
  DescriptorChain first = PopChain();
  DescriptorChain second = PopChain();
  second.Write(0, Bytes{9, 8, 7, 6});
  queue_->PushUsed(second, 4);
  first.Write(0, Bytes{1, 2, 3});
  queue_->PushUsed(first, 3);
  EXPECT_EQ(queue_->used_index(), 2);
  const std::vector<UsedChain> used = ring_.Collect();
  ASSERT_EQ(used.size(), 2u);
  EXPECT_EQ(used[0].token, b);
  EXPECT_EQ(used[0].written, 4u);
  EXPECT_EQ(used[0].bytes, (Bytes{9, 8, 7, 6}));
  EXPECT_EQ(used[1].token, a);
  EXPECT_EQ(used[1].written, 3u);
  EXPECT_EQ(used[1].bytes, (Bytes{1, 2, 3, 0}));
}

TEST_P(VirtqueueTest, IndicesWrapAround) {
  std::deque<DescriptorChain> held;
  for (int i = 0; i < 70000; ++i) {
    ring_.Add({.readable = {{static_cast<uint8_t>(i)}}});
    held.push_back(PopChain());
    ASSERT_EQ(ReadAll(held.back())[0], static_cast<uint8_t>(i));
    if (held.size() < 3) continue;
    queue_->PushUsed(held.front(), 0);
    held.pop_front();
    ASSERT_EQ(ring_.Collect().size(), 1u);
  }
  EXPECT_EQ(queue_->next_avail(), static_cast<uint16_t>(70000));
  EXPECT_FALSE(queue_->broken());
}

TEST_P(VirtqueueTest, TheDriverMayChangeAChainUntilItIsRead) {
  const uint64_t token = ring_.Add({.readable = {{1, 2, 3}}});
  DescriptorChain chain = PopChain();
  ring_.Readable(token, 0)[1] = 42;
  EXPECT_EQ(ReadAll(chain), (Bytes{1, 42, 3}));
}

TEST_P(VirtqueueTest, GoesOnFromTheUsedIndexAfterAPause) {
  for (uint8_t i = 0; i < 4; ++i) ring_.Add({.readable = {{i}}});
  queue_->PushUsed(PopChain(), 0);
  PopChain();  // taken, but not given back
  const uint16_t used = *Virtqueue::ReadUsedIndex(memory_, ring_.layout());
  EXPECT_EQ(used, 1);
  Attach(used);
  EXPECT_EQ(ReadAll(PopChain()), Bytes{1});
  EXPECT_EQ(queue_->used_index(), 1);
}

// --- Malformed chains ---

TEST_P(VirtqueueTest, RefusesALoop) {
  Publish({{page_, 1, kDescriptorNext, 1}, {page_, 1, kDescriptorNext, 0}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, RefusesALoopToItself) {
  Publish({{page_, 1, kDescriptorNext, 0}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, RefusesANextOutOfRange) {
  Publish({{page_, 1, kDescriptorNext, kSize}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, RefusesAnEmptyPart) {
  Publish({{page_, 0, 0, 0}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, RefusesAReadablePartBehindAWritableOne) {
  Publish({{page_, 1, kDescriptorNext | kDescriptorWrite, 1},
           {page_ + 8, 1, 0, 0}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, RefusesAddressesOutsideOfMemory) {
  const auto& region = memory_.regions()[0];
  const uint64_t end = region.guest_address + region.size;
  for (const SplitDescriptor& bad :
       {SplitDescriptor{0, 16, 0, 0}, SplitDescriptor{end, 1, 0, 0},
        SplitDescriptor{end - 8, 9, kDescriptorWrite, 0},
        SplitDescriptor{page_, 0xffffffff, 0, 0},
        SplitDescriptor{UINT64_MAX - 8, 16, 0, 0},
        SplitDescriptor{UINT64_MAX, 1, 0, 0}}) {
    Publish({bad});
    EXPECT_FALSE(PopMalformed().ok()) << std::hex << bad.address;
  }
}

TEST_P(VirtqueueTest, RefusesIndirectWithinIndirect) {
  const SplitDescriptor inner = {page_ + 64, 16, kDescriptorIndirect, 0};
  std::memcpy(ram_.At(page_), &inner, sizeof(inner));
  Publish({{page_, 16, kDescriptorIndirect, 0}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, RefusesBadIndirectTables) {
  const SplitDescriptor part = {page_ + 64, 16, 0, 0};
  std::memcpy(ram_.At(page_), &part, sizeof(part));
  for (const SplitDescriptor& bad :
       {SplitDescriptor{page_, 0, kDescriptorIndirect, 0},
        SplitDescriptor{page_, 17, kDescriptorIndirect, 0},
        SplitDescriptor{page_, 8, kDescriptorIndirect, 0},
        SplitDescriptor{0, 16, kDescriptorIndirect, 0},
        SplitDescriptor{page_, 0xfffffff0, kDescriptorIndirect, 0},
        SplitDescriptor{page_, 16, kDescriptorIndirect | kDescriptorNext, 1}}) {
    Publish({bad});
    EXPECT_FALSE(PopMalformed().ok()) << bad.length << " " << bad.flags;
  }
  Publish({{page_, 16, kDescriptorIndirect, 0}});
  EXPECT_EQ(PopChain().readable_size(), 16u);
}

TEST_P(VirtqueueTest, RefusesALoopInAnIndirectTable) {
  const SplitDescriptor part = {page_ + 64, 16, kDescriptorNext, 0};
  std::memcpy(ram_.At(page_), &part, sizeof(part));
  Publish({{page_, 16, kDescriptorIndirect, 0}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, RefusesATooLongChain) {
  const int length = Virtqueue::kMaxChainLength + 1;
  const uint64_t table = ram_.Allocate(length * sizeof(SplitDescriptor));
  for (int i = 0; i < length; ++i) {
    const bool last = i + 1 == length;
    const SplitDescriptor part = {page_, 1,
                                  last ? uint16_t{0} : kDescriptorNext,
                                  static_cast<uint16_t>(i + 1)};
    std::memcpy(ram_.At(table) + i * sizeof(part), &part, sizeof(part));
  }
  const uint32_t bytes = length * sizeof(SplitDescriptor);
  Publish({{table, bytes, kDescriptorIndirect, 0}});
  EXPECT_FALSE(PopMalformed().ok());
}

TEST_P(VirtqueueTest, GoesOnBehindAHeadOutOfRange) {
  ring_.PublishHead(kSize);
  ring_.Add({.readable = {{5}}});
  EXPECT_FALSE(queue_->Pop().ok());
  EXPECT_EQ(ReadAll(PopChain()), Bytes{5});
  EXPECT_TRUE(ring_.Collect().empty());
}

TEST_P(VirtqueueTest, AnAvailIndexTooFarAheadBreaksTheQueue) {
  ring_.Add({.readable = {{5}}});
  ring_.SetAvailIndex(kSize + 1);
  EXPECT_FALSE(queue_->Pop().ok());
  EXPECT_TRUE(queue_->broken());
  EXPECT_TRUE(Empty());
  EXPECT_FALSE(queue_->EnableKicks());
  Attach(kSize);
  EXPECT_FALSE(queue_->broken());
}

TEST_P(VirtqueueTest, AFullRingIsNotTooFarAhead) {
  for (uint8_t i = 0; i < kSize; ++i) ring_.Add({.readable = {{i}}});
  for (uint8_t i = 0; i < kSize; ++i) EXPECT_EQ(ReadAll(PopChain()), Bytes{i});
  EXPECT_TRUE(Empty());
}

// --- Kicks and interrupts ---

TEST_P(VirtqueueTest, AsksForAKickWhenItIsEmpty) {
  ring_.Add({.readable = {{1}}});
  EXPECT_TRUE(ring_.NeedsKick());
  PopChain();
  EXPECT_FALSE(queue_->EnableKicks());
  ring_.Add({.readable = {{2}}});
  EXPECT_TRUE(ring_.NeedsKick());
}

TEST_P(VirtqueueTest, WantsNoKicksWhileTheyAreDisabled) {
  EXPECT_FALSE(queue_->EnableKicks());
  ring_.Add({.readable = {{1}}});
  EXPECT_TRUE(ring_.NeedsKick());
  queue_->DisableKicks();
  ring_.Add({.readable = {{2}}});
  EXPECT_FALSE(ring_.NeedsKick());
  PopChain();
  PopChain();
  EXPECT_FALSE(queue_->EnableKicks());
  ring_.Add({.readable = {{3}}});
  EXPECT_TRUE(ring_.NeedsKick());
}

TEST_P(VirtqueueTest, SeesABufferThatCameBeforeKicksWereEnabled) {
  queue_->DisableKicks();
  ring_.Add({.readable = {{1}}});
  EXPECT_TRUE(queue_->EnableKicks());
  PopChain();
  EXPECT_FALSE(queue_->EnableKicks());
}

TEST_P(VirtqueueTest, NotifiesOnceForABatch) {
  for (uint8_t i = 0; i < 3; ++i) ring_.Add({.readable = {{i}}});
  for (int i = 0; i < 3; ++i) queue_->PushUsed(PopChain(), 0);
  EXPECT_EQ(notifications_, 0);
  queue_->Notify();
  EXPECT_EQ(notifications_, 1);
  queue_->Notify();
  EXPECT_EQ(notifications_, 1);
}

TEST_P(VirtqueueTest, DoesNotNotifyADriverThatDoesNotWantIt) {
  ring_.Add({.readable = {{0}}});
  queue_->PushUsed(PopChain(), 0);
  queue_->Notify();
  ring_.Collect();
  notifications_ = 0;
  ring_.SetInterrupts(false);
  for (uint8_t i = 0; i < 3; ++i) {
    ring_.Add({.readable = {{i}}});
    queue_->PushUsed(PopChain(), 0);
    queue_->Notify();
  }
  EXPECT_EQ(notifications_, 0);
  EXPECT_EQ(ring_.Collect().size(), 3u);
  ring_.SetInterrupts(true);
  ring_.Add({.readable = {{3}}});
  queue_->PushUsed(PopChain(), 0);
  queue_->Notify();
  EXPECT_EQ(notifications_, 1);
}

TEST_P(VirtqueueTest, NotifiesAfterARestartWhateverWasSignaledBefore) {
  ring_.Add({.readable = {{0}}});
  ring_.Add({.readable = {{1}}});
  queue_->PushUsed(PopChain(), 0);
  // Stopped between PushUsed and Notify: the driver still waits at 0.
  Attach(1);
  queue_->PushUsed(PopChain(), 0);
  queue_->Notify();
  EXPECT_EQ(notifications_, 1);
}

// --- Set-up ---

TEST_P(VirtqueueTest, RefusesBadLayouts) {
  const Virtqueue::Layout good = ring_.layout();
  auto create = [&](const Virtqueue::Layout& layout) {
    return Virtqueue::Create(&memory_, layout, 0, GetParam(), [] {}).ok();
  };
  EXPECT_TRUE(create(good));
  for (uint16_t size : {0, 3, 12, 32769, 65535}) {
    Virtqueue::Layout bad = good;
    bad.size = size;
    EXPECT_FALSE(create(bad)) << size;
  }
  for (uint64_t Virtqueue::Layout::*part :
       {&Virtqueue::Layout::descriptor_table, &Virtqueue::Layout::avail_ring,
        &Virtqueue::Layout::used_ring}) {
    Virtqueue::Layout bad = good;
    bad.*part += 1;
    EXPECT_FALSE(create(bad)) << "misaligned";
    bad.*part = 0;
    EXPECT_FALSE(create(bad)) << "outside";
    const auto& region = memory_.regions()[0];
    bad.*part = region.user_address + region.size - 16;
    EXPECT_FALSE(create(bad)) << "beyond the end";
  }
  Virtqueue::Layout overlapping = good;
  overlapping.used_ring = good.avail_ring & ~uint64_t{3};
  EXPECT_FALSE(create(overlapping));
  overlapping.used_ring = good.descriptor_table + 16;
  EXPECT_FALSE(create(overlapping));
  Virtqueue::Layout guest_address = good;
  guest_address.used_ring = page_;
  EXPECT_FALSE(create(guest_address));
}

}  // namespace
}  // namespace earshot
