// Virtio 5.14.6.8: PCM I/O messages.
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "device/sound/conformance_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = PcmStream::State;

class IoTest : public ConformanceTest {};

// 5.14.6.8: "status contains VIRTIO_SND_S_OK if an operation is successful, and
// VIRTIO_SND_S_IO_ERR otherwise": nothing else, whatever the guest does; and
// every buffer comes back, those of one stream in their order.
TEST_F(IoTest, TxIsAnsweredWithOkOrIoErrAndInOrder) {
  constexpr SndCode kCommands[] = {kSndPcmSetParams, kSndPcmPrepare,
                                   kSndPcmStart, kSndPcmStop, kSndPcmRelease};
  std::mt19937 random(1);             // NOLINT: the same each time
  std::map<uint64_t, uint32_t> sent;  // tokens, which grow, and their stream
  std::map<uint32_t, uint64_t> last_ok;
  const auto collect = [&] {
    for (const auto& answer : guest_.CollectTx()) {
      ASSERT_TRUE(answer.status == kOk || answer.status == kIoErr)
          << static_cast<uint32_t>(answer.status);
      ASSERT_EQ(sent.count(answer.token), 1u);
      const uint32_t id = sent[answer.token];
      sent.erase(answer.token);
      if (answer.status == kIoErr) continue;
      EXPECT_LT(id, kStreams);
      EXPECT_LE(last_ok[id], answer.token);
      last_ok[id] = answer.token;
    }
  };
  for (int i = 0; i < 20000; ++i) {
    Do(kCommands[random() % 5], random() % 16 == 0 ? 7 : random() % kStreams);
    if (driver().ring(kSndTxQueue).in_flight() < 16) {
      const uint32_t id = random() % 32 == 0 ? 9 : random() % kStreams;
      sent[guest_.SendTx(id, Bytes(random() % 1200))] = id;
    }
    driver().Advance(microseconds(random() % 5000));
    collect();
  }
  for (uint32_t id = 0; id < kStreams; ++id) {
    Do(kSndPcmStop, id);
    EXPECT_EQ(Do(kSndPcmRelease, id), kOk);
  }
  collect();
  EXPECT_THAT(sent, IsEmpty());
}

// 5.14.6.8.1.1: "The device MUST NOT complete the I/O request until the buffer
// is totally consumed." However long the buffers are and the output's packets.
TEST_F(IoTest, NoBufferComesBackBeforeAllOfItWasTaken) {
  outputs_[0].set_packet_frames(960);
  BringTo(State::kRunning);
  std::mt19937 random(2);  // NOLINT: the same each time
  std::map<uint64_t, int64_t> ends;
  int64_t end = 0;
  for (int i = 0; i < 3000; ++i) {
    if (driver().ring(kSndTxQueue).in_flight() < 12) {
      const int frames = static_cast<int>(random() % 700);
      end += frames;
      ends[guest_.SendTx(0, Bytes(4 * frames))] = end;
    }
    driver().Advance(microseconds(random() % 10000));
    for (const auto& answer : guest_.CollectTx()) {
      EXPECT_EQ(answer.status, kOk);
      ASSERT_LE(ends.at(answer.token), outputs_[0].written_frames());
    }
  }
  EXPECT_GT(outputs_[0].written_frames(), 48000);
}

// The same: what the far end does not take is not consumed.
TEST_F(IoTest, NoBufferComesBackBeyondTheGrant) {
  outputs_[0].set_granted(kPeriod + kPeriod / 2);
  BringTo(State::kRunning);
  for (int i = 0; i < 4; ++i) SendPeriod();
  driver().Advance(seconds(1));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

// 5.14.6.8: the status ends the message, and is all that is written.
TEST_F(IoTest, TheStatusIsAllThatIsWritten) {
  BringTo(State::kRunning);
  FakeChain chain = FakeSoundDriver::TxChain(0, Bytes(4 * kPeriod));
  chain.writable = {3, 5, 100};
  driver().Send(kSndTxQueue, chain);
  driver().Advance(milliseconds(10));
  const std::vector<UsedChain> used = driver().Collect(kSndTxQueue);
  ASSERT_THAT(used, SizeIs(1));
  EXPECT_EQ(used[0].written, sizeof(SndPcmStatus));
}

// 5.14.6.8: "latency_bytes indicates the current device latency", in the bytes
// of the stream's format.
TEST_F(IoTest, LatencyIsWhatIsAheadOfTheSound) {
  outputs_[0].set_delay_frames(4800);
  BringTo(State::kRunning);
  SendPeriod();
  driver().Advance(milliseconds(10));
  const auto answers = guest_.CollectTx();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].latency_bytes, 4800u * 4);
}

// 5.14.6.8: stream ids are "from 0 to streams - 1".
TEST_F(IoTest, BuffersOfNoStreamFailAtOnce) {
  BringTo(State::kRunning);
  for (uint32_t id : {2u, 3u, 0x100u, 0x10000u, 0x80000000u, 0xffffffffu}) {
    SendPeriod(id);
    EXPECT_THAT(TxStatuses(), ElementsAre(kIoErr)) << id;
  }
  EXPECT_EQ(device_.stats().tx_refused, 6);
}

// Before PREPARE and after RELEASE there is nobody who could consume it.
TEST_F(IoTest, BuffersOutsideOfAnEpochFailAtOnce) {
  for (State from : {State::kInitial, State::kParamsSet, State::kReleased}) {
    device_.Reset(driver().now());
    BringTo(from);
    SendPeriod();
    EXPECT_THAT(TxStatuses(), ElementsAre(kIoErr)) << ToString(from);
  }
}

// 5.14.6.8.1.2 knows one exception to buffers of period_bytes, "the end of the
// stream": buffers of other sizes are as good.
TEST_F(IoTest, TheLastBufferMayBeShort) {
  BringTo(State::kRunning);
  SendPeriod();
  guest_.SendTx(0, Bytes(4 * 7));
  driver().Advance(milliseconds(11));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk));
  EXPECT_EQ(outputs_[0].written_frames(), kPeriod + 7);
}

// --- 5.14.6.8.2: input streams. None is offered, so no buffer can be for one;
// none is kept, and none is said to hold sound.

TEST_F(IoTest, RxBuffersFailAtTheEndOfTheirChain) {
  driver().Send(kSndRxQueue,
                {.readable = {{0, 0, 0, 0}}, .writable = {100, 3, 5}});
  std::vector<UsedChain> used = driver().Collect(kSndRxQueue);
  ASSERT_THAT(used, SizeIs(1));
  EXPECT_EQ(used[0].written, 8u);
  SndPcmStatus status{};
  std::memcpy(&status, used[0].bytes.data() + 100, sizeof(status));
  EXPECT_EQ(status.status, 0x8003u);
  EXPECT_EQ(status.latency_bytes, 0u);
}

TEST_F(IoTest, RxBuffersOfAnyRoomComeBack) {
  for (uint32_t room = 1; room <= 16; ++room) {
    driver().Send(kSndRxQueue,
                  {.readable = {{9, 0, 0, 0}}, .writable = {room}});
    std::vector<UsedChain> used = driver().Collect(kSndRxQueue);
    ASSERT_THAT(used, SizeIs(1));
    EXPECT_EQ(used[0].written, room < 8 ? 0u : 8u);
  }
  driver().Send(kSndRxQueue, {.readable = {{0, 0, 0, 0}}});
  EXPECT_THAT(driver().Collect(kSndRxQueue), SizeIs(1));
  EXPECT_EQ(device_.stats().rx_refused, 17);
}

}  // namespace
}  // namespace earshot
