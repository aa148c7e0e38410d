#include "device/sound/tx_buffer.h"

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "device/sound/fake_sound_driver.h"
#include "device/virtio/fake_guest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TxBufferTest : public ::testing::Test {
 protected:
  TxBufferTest() : guest_(FakeGuest::Options{.queue_count = 1}) {
    absl::StatusOr<Virtqueue> created = Virtqueue::Create(
        &memory_, ring().layout(), 0, /*event_idx=*/true, [] {});
    virtqueue_ = *std::move(created);
    queue_.Start(&*virtqueue_);
  }

  DriverRing& ring() { return guest_.ring(0); }

  TxBuffer Take(const FakeChain& chain) {
    token_ = ring().Add(chain);
    return TxBuffer(**queue_.Pop(), &queue_);
  }

  // Status and latency of the only answer.
  SndPcmStatus OnlyAnswer() {
    std::vector<UsedChain> used = ring().Collect();
    EXPECT_THAT(used, SizeIs(1));
    SndPcmStatus status{};
    if (used.size() != 1) return status;
    EXPECT_EQ(used[0].token, token_);
    EXPECT_EQ(used[0].written, sizeof(status));
    std::memcpy(&status, used[0].bytes.data(), sizeof(status));
    return status;
  }

  static std::vector<uint8_t> Payload(size_t size) {
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7);
    return bytes;
  }

  FakeGuest guest_;
  GuestMemory memory_ = guest_.ram().memory();
  std::optional<Virtqueue> virtqueue_;
  DeviceQueue queue_;
  uint64_t token_ = 0;
};

TEST_F(TxBufferTest, IsAnsweredWithStatusAndLatency) {
  TxBuffer buffer = Take(FakeSoundDriver::TxChain(3, Payload(16)));
  EXPECT_TRUE(buffer.well_formed());
  EXPECT_EQ(buffer.stream_id(), 3u);
  EXPECT_EQ(buffer.payload_bytes(), 16u);
  EXPECT_EQ(queue_.in_flight(), 1);
  EXPECT_THAT(ring().Collect(), IsEmpty());
  buffer.Complete(38400);
  const SndPcmStatus status = OnlyAnswer();
  EXPECT_EQ(status.status, 0x8000u);
  EXPECT_EQ(status.latency_bytes, 38400u);
  EXPECT_EQ(queue_.in_flight(), 0);
}

TEST_F(TxBufferTest, FailsWithIoErr) {
  Take(FakeSoundDriver::TxChain(0, Payload(4))).Fail();
  EXPECT_EQ(OnlyAnswer().status, 0x8003u);
}

TEST_F(TxBufferTest, ItsPiecesMayBeCutAnywhere) {
  const std::vector<uint8_t> payload = Payload(10);
  FakeChain chain;
  chain.readable = {{9}, {0, 0}, {0, payload[0], payload[1]}};
  for (size_t i = 2; i < payload.size(); ++i) {
    chain.readable.push_back({payload[i]});
  }
  chain.writable = {1, 2, 1, 3, 1};
  TxBuffer buffer = Take(chain);
  EXPECT_EQ(buffer.stream_id(), 9u);
  EXPECT_EQ(buffer.payload_bytes(), payload.size());
  std::vector<uint8_t> read(3);
  EXPECT_EQ(buffer.ReadPayload(1, absl::MakeSpan(read)), 3u);
  EXPECT_THAT(read, ElementsAre(payload[1], payload[2], payload[3]));
  EXPECT_EQ(buffer.ReadPayload(8, absl::MakeSpan(read)), 2u);
  EXPECT_EQ(buffer.ReadPayload(10, absl::MakeSpan(read)), 0u);
  buffer.Complete(0x01020304);
  const SndPcmStatus status = OnlyAnswer();
  EXPECT_EQ(status.status, 0x8000u);
  EXPECT_EQ(status.latency_bytes, 0x01020304u);
}

TEST_F(TxBufferTest, PayloadIsWhatTheMemoryHoldsWhenItIsRead) {
  TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4)));
  ring().Readable(token_, 1)[2] = 0xee;
  uint8_t read[4];
  buffer.ReadPayload(0, absl::MakeSpan(read));
  EXPECT_THAT(read, ElementsAre(0, 7, 0xee, 21));
  buffer.Complete(0);
}

TEST_F(TxBufferTest, TheStreamIdIsReadOnce) {
  TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4)));
  ring().Readable(token_, 0)[0] = 0xff;
  EXPECT_EQ(buffer.stream_id(), 0u);
  buffer.Complete(0);
}

TEST_F(TxBufferTest, MovingItDoesNotAnswerIt) {
  TxBuffer first = Take(FakeSoundDriver::TxChain(0, Payload(4)));
  TxBuffer second = std::move(first);
  std::vector<TxBuffer> many;
  many.push_back(std::move(second));
  many.reserve(100);
  EXPECT_THAT(ring().Collect(), IsEmpty());
  many[0].Complete(0);
  many.clear();
  EXPECT_EQ(OnlyAnswer().status, 0x8000u);
}

TEST_F(TxBufferTest, WithoutRoomForTheStatusItGoesBackEmpty) {
  FakeChain chain = FakeSoundDriver::TxChain(0, Payload(4));
  chain.writable = {7};
  TxBuffer buffer = Take(chain);
  EXPECT_FALSE(buffer.well_formed());
  EXPECT_EQ(buffer.payload_bytes(), 0u);
  buffer.Fail();
  std::vector<UsedChain> used = ring().Collect();
  ASSERT_THAT(used, SizeIs(1));
  EXPECT_EQ(used[0].written, 0u);
}

TEST_F(TxBufferTest, WithoutAHeaderItIsNotWellFormed) {
  TxBuffer buffer = Take({.readable = {{1, 0, 0}}, .writable = {8}});
  EXPECT_FALSE(buffer.well_formed());
  EXPECT_EQ(buffer.payload_bytes(), 0u);
  buffer.Fail();
  EXPECT_EQ(OnlyAnswer().status, 0x8003u);
}

TEST_F(TxBufferTest, AnsweringAfterTheQueueHasStoppedDoesNothing) {
  TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4)));
  queue_.Stop();
  uint8_t read[4];
  EXPECT_EQ(buffer.ReadPayload(0, absl::MakeSpan(read)), 0u);
  buffer.Complete(0);
  EXPECT_THAT(ring().Collect(), IsEmpty());
}

TEST_F(TxBufferTest, ABufferOfAnEarlierRunOfTheQueueIsVoid) {
  TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4)));
  queue_.Stop();
  queue_.Start(&*virtqueue_);
  buffer.Complete(0);
  EXPECT_THAT(ring().Collect(), IsEmpty());
  EXPECT_EQ(queue_.in_flight(), 0);
}

TEST_F(TxBufferTest, DroppingItAfterTheQueueHasStoppedIsAllowed) {
  {
    TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4)));
    queue_.Stop();
  }
  EXPECT_THAT(ring().Collect(), IsEmpty());
}

#ifdef NDEBUG
TEST_F(TxBufferTest, DroppedUnansweredItFails) {
  { TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4))); }
  EXPECT_EQ(OnlyAnswer().status, 0x8003u);
}

TEST_F(TxBufferTest, ASecondAnswerDoesNothing) {
  TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4)));
  buffer.Complete(0);
  buffer.Fail();
  EXPECT_EQ(OnlyAnswer().status, 0x8000u);
}
#else
using TxBufferDeathTest = TxBufferTest;
TEST_F(TxBufferDeathTest, DroppingItUnansweredIsABug) {
  EXPECT_DEATH(
      { TxBuffer buffer = Take(FakeSoundDriver::TxChain(0, Payload(4))); },
      "dropped unanswered");
}
#endif

TEST_F(TxBufferTest, NoMoreChainsAreOutThanTheRingHolds) {
  // A driver that publishes one chain over and over.
  const uint64_t token = ring().Add(FakeSoundDriver::TxChain(0, Payload(4)));
  static_cast<void>(token);
  for (int i = 0; i < 40; ++i) ring().PublishHead(0);
  std::vector<TxBuffer> held;
  while (queue_.HasRoom()) {
    auto chain = queue_.Pop();
    ASSERT_TRUE(chain.ok());
    if (!chain->has_value()) break;
    held.emplace_back(**std::move(chain), &queue_);
    ring().PublishHead(0);
  }
  EXPECT_THAT(held, SizeIs(64));
  EXPECT_FALSE((*queue_.Pop()).has_value());
  queue_.Stop();
}

}  // namespace
}  // namespace earshot
