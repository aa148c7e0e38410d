// What has broken other virtio sound devices, one test for each failure, in the
// order of the table in README.md. Each goes red when the check that it names
// is taken out.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;
using Bytes = std::vector<uint8_t>;
using State = PcmStream::State;

constexpr SndStatus kOk = SndStatus::kOk;
constexpr SndStatus kBadMsg = SndStatus::kBadMsg;
constexpr uint32_t kMax = 0xffffffff;
constexpr int kPeriod = 480;             // frames: 10 ms
constexpr uint8_t kUntouched = 0xcc;     // what memory holds before
constexpr uint32_t kStatusBytes = 4;     // of a control request
constexpr uint64_t kCanaryBytes = 4096;  // of memory around an answer

// AddressSanitizer keeps what was freed for a while.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kHoardsFreedMemory = true;
#elif defined(__has_feature)
constexpr bool kHoardsFreedMemory = __has_feature(address_sanitizer);
#else
constexpr bool kHoardsFreedMemory = false;
#endif

// `count` S16 stereo frames that say where in the sound they are.
Bytes Sound(int64_t first, int count = kPeriod) {
  Bytes bytes(static_cast<size_t>(count) * 4);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] =
        static_cast<uint8_t>((static_cast<size_t>(first) * 4 + i) * 131 >> 3);
  }
  return bytes;
}

uint32_t FirstWord(const Bytes& bytes) {
  uint32_t word = 0;
  std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof(word)));
  return word;
}

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

class KnownFailuresTest : public ::testing::Test {
 protected:
  ~KnownFailuresTest() override { EXPECT_EQ(output_.misuse(), ""); }

  FakeDriver& driver() { return guest_.driver(); }
  SndStatus Command(SndCode code) { return guest_.Command(code, 0); }
  SndStatus SetParams(uint32_t id = 0) {
    return guest_.SetParams(id, 4 * 4 * kPeriod, 4 * kPeriod);
  }
  void Prepare() {
    ASSERT_EQ(SetParams(), kOk);
    ASSERT_EQ(Command(kSndPcmPrepare), kOk);
  }
  void SendPeriods(int count) {
    for (int i = 0; i < count; ++i, sent_ += kPeriod) {
      guest_.SendTx(0, Sound(sent_));
    }
  }
  std::vector<SndStatus> TxStatuses() {
    std::vector<SndStatus> statuses;
    for (const auto& answer : guest_.CollectTx()) {
      statuses.push_back(answer.status);
    }
    return statuses;
  }
  // From any state to this one, as a driver may go there.
  void GoTo(State state) {
    driver().Start();
    if (state == State::kInitial) return;
    ASSERT_EQ(SetParams(), kOk);
    if (state == State::kParamsSet) return;
    ASSERT_EQ(Command(kSndPcmPrepare), kOk);
    if (state == State::kRunning || state == State::kStopped) {
      ASSERT_EQ(Command(kSndPcmStart), kOk);
    }
    if (state == State::kStopped) {
      ASSERT_EQ(Command(kSndPcmStop), kOk);
    } else if (state == State::kReleased) {
      ASSERT_EQ(Command(kSndPcmRelease), kOk);
    }
  }
  // A fresh device plays: whatever came before has not lasted.
  void ExpectPlays() {
    GoTo(State::kPrepared);
    guest_.SendTx(0, Sound(0));
    ASSERT_EQ(Command(kSndPcmStart), kOk);
    guest_.Advance(milliseconds(11));
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
  }
  SndStatus Query(SndCode code, uint32_t start, uint32_t count, uint32_t size,
                  uint32_t room = 4096) {
    const Bytes answer =
        guest_.Request(ToBytes(SndQueryInfo{{code}, start, count, size}), room);
    return static_cast<SndStatus>(FirstWord(answer));
  }

  FakePcmOutput output_;
  SoundDevice device_{{&output_}};
  FakeSoundDriver guest_{&device_};
  int64_t sent_ = 0;
};

// CVE-2024-7730, QEMU: the bound of a receive buffer counted its status in, so
// a short writable part was written past its end.
TEST_F(KnownFailuresTest, ReceiveBuffersAreNotWrittenPastTheirEnd) {
  FakeRam& ram = driver().guest().ram();
  const uint64_t memory = ram.Allocate(kCanaryBytes);
  DriverRing& ring = driver().ring(kSndRxQueue);
  for (uint32_t room = 0; room <= 16; ++room) {
    std::memset(ram.At(memory), kUntouched, kCanaryBytes);
    const uint16_t next = room > 0 ? kDescriptorNext : 0;
    *ring.descriptor(0) = {memory, 4, next, 1};
    *ring.descriptor(1) = {memory + 64, room, kDescriptorWrite, 0};
    ring.PublishHead(0);
    device_.OnKick(kSndRxQueue, driver().now());
    const std::vector<UsedChain> used = driver().Collect(kSndRxQueue);
    ASSERT_THAT(used, SizeIs(1)) << room;
    EXPECT_EQ(used[0].written, room < sizeof(SndPcmStatus) ? 0u : 8u) << room;
    const Bytes behind(ram.At(memory + 64 + room), ram.At(memory + 1024));
    EXPECT_THAT(behind, Each(kUntouched)) << room;
  }
}

// CVE-2026-3196, QEMU: count * size of a query wrapped, and what it asked for
// was allocated.
TEST_F(KnownFailuresTest, QueriesWhoseSizeWrapsAreRefused) {
  for (SndCode code : {kSndJackInfo, kSndPcmInfo, kSndChmapInfo}) {
    for (uint32_t count : {1u, 2u, 200u, 0x08000001u, 0x80000000u, kMax}) {
      for (uint32_t size : {0u, 1u, 4097u, 0x80000000u, kMax}) {
        EXPECT_EQ(Query(code, 0, count, size), kBadMsg) << count << " " << size;
      }
      // There is room for it, but there are not so many.
      if (count < 200) continue;
      EXPECT_EQ(Query(code, 0, count, 32, 16384), kBadMsg) << count;
    }
  }
  EXPECT_EQ(Query(kSndPcmInfo, 0, 1, 32), kOk);
}

// CVE-2026-3195, QEMU: a period larger than the buffer that it is copied to.
TEST_F(KnownFailuresTest, APeriodLargerThanTheBufferIsRefused) {
  for (uint32_t period : {1u, 5u, 961u, 1920u, 0x10000u, kMax, kMax - 3}) {
    EXPECT_NE(guest_.SetParams(0, 960, period), kOk) << period;
  }
  EXPECT_EQ(device_.stream(0).state(), State::kInitial);
  // Nor does a TX buffer have to keep to either.
  ASSERT_EQ(guest_.SetParams(0, 960, 480), kOk);
  ASSERT_EQ(Command(kSndPcmPrepare), kOk);
  guest_.SendTx(0, Sound(0, 10 * kPeriod), 4096);
  ASSERT_EQ(Command(kSndPcmStart), kOk);
  guest_.Advance(milliseconds(101));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
  EXPECT_EQ(output_.epoch().bytes, Sound(0, 10 * kPeriod));
}

// vhost-device-sound: a stream that does not exist, START in a wrong state and
// a buffer before PREPARE end the process; an unknown code is not answered.
TEST_F(KnownFailuresTest, EveryCommandInEveryStateForAnyStreamIsAnswered) {
  const SndCode kCodes[] = {kSndPcmSetParams, kSndPcmPrepare, kSndPcmStart,
                            kSndPcmStop, kSndPcmRelease};
  // 5.14.6.6.1; RELEASE where there is nothing to release succeeds.
  const struct {
    State state;
    bool allowed[5];
  } kStates[] = {
      {State::kInitial, {true, false, false, false, true}},
      {State::kParamsSet, {true, true, false, false, true}},
      {State::kPrepared, {true, true, true, false, true}},
      {State::kRunning, {false, false, false, true, false}},
      {State::kStopped, {false, false, true, false, true}},
      {State::kReleased, {true, true, false, false, true}},
  };
  for (const auto& [state, allowed] : kStates) {
    for (int i = 0; i < 5; ++i) {
      for (uint32_t id : {0u, 1u, 2u, 8u, 0x10000u, 0x80000000u, kMax}) {
        GoTo(state);
        ASSERT_EQ(device_.stream(0).state(), state);
        const SndStatus status = kCodes[i] == kSndPcmSetParams
                                     ? SetParams(id)
                                     : guest_.Command(kCodes[i], id);
        EXPECT_EQ(status, id == 0 && allowed[i] ? kOk : kBadMsg)
            << ToString(state) << " code " << kCodes[i] << " id " << id;
      }
    }
    GoTo(state);
    for (uint32_t id : {1u, 2u, 0x10000u, kMax}) {
      guest_.SendTx(id, Sound(0, 10));
      EXPECT_THAT(TxStatuses(), ElementsAre(SndStatus::kIoErr)) << id;
    }
    if (device_.stream(0).has_epoch()) continue;
    guest_.SendTx(0, Sound(0, 10));
    EXPECT_THAT(TxStatuses(), ElementsAre(SndStatus::kIoErr));
  }
  for (uint32_t code : {0u, 0x106u, 0x1000u, 0x8000u, kMax}) {
    Bytes request(64);
    std::memcpy(request.data(), &code, sizeof(code));
    EXPECT_EQ(FirstWord(guest_.Request(request)),
              static_cast<uint32_t>(SndStatus::kNotSupp));
  }
  ExpectPlays();
}

// crosvm: a format of 64 and more shifts too far, a period of 0 divides by it,
// and JACK_REMAP ends the process.
TEST_F(KnownFailuresTest, EveryByteOfTheParametersIsAnswered) {
  Bytes answer = guest_.Request(
      ToBytes(SndQueryInfo{{kSndPcmInfo}, 0, 1, sizeof(SndPcmInfo)}),
      4 + sizeof(SndPcmInfo));
  ASSERT_EQ(answer.size(), 4 + sizeof(SndPcmInfo));
  SndPcmInfo offered;
  std::memcpy(&offered, answer.data() + 4, sizeof(offered));
  const SndPcmSetParams good{{{kSndPcmSetParams}, 0}, 9600,          960, 0, 1,
                             kSndFormatS16,           kSndRate48000, 0};
  ASSERT_EQ(guest_.SetParams(good), kOk);
  for (int byte = 0; byte < 256; ++byte) {
    const auto value = static_cast<uint8_t>(byte);
    SndPcmSetParams params = good;
    params.format = value;
    EXPECT_EQ(guest_.SetParams(params) == kOk,
              byte < 64 && (offered.formats >> byte & 1) != 0)
        << "format " << byte;
    params = good;
    params.rate = value;
    EXPECT_EQ(guest_.SetParams(params) == kOk,
              byte < 64 && (offered.rates >> byte & 1) != 0)
        << "rate " << byte;
    params = good;
    params.channels = value;
    params.buffer_bytes = params.period_bytes = 96 * 105;  // 1 to 8 channels
    EXPECT_EQ(guest_.SetParams(params) == kOk,
              byte >= offered.channels_min && byte <= offered.channels_max)
        << "channels " << byte;
  }
  for (uint32_t buffer : {0u, 960u}) {
    EXPECT_EQ(guest_.SetParams(0, buffer, 0), kBadMsg);
  }
  EXPECT_EQ(guest_.SetParams(0, 0, 960), kBadMsg);
  EXPECT_EQ(FirstWord(guest_.Request(
                ToBytes(SndQueryInfo{{kSndJackRemap}, 0, 1, 1}))),
            static_cast<uint32_t>(SndStatus::kNotSupp));
}

// Fuchsia: PREPARE of a prepared stream writes no status.
TEST_F(KnownFailuresTest, EveryRequestGetsAStatus) {
  Prepare();
  EXPECT_EQ(Command(kSndPcmPrepare), kOk);
  for (uint32_t code = 0; code < 0x400; ++code) {
    for (uint32_t size : {4u, 8u, 16u, 24u, 64u}) {
      Bytes request(size);
      std::memcpy(request.data(), &code, sizeof(code));
      const Bytes answer = guest_.Request(request, 64);
      ASSERT_GE(answer.size(), kStatusBytes) << code;
      EXPECT_THAT(FirstWord(answer), AllOf(Ge(0x8000u), Le(0x8003u))) << code;
    }
  }
}

// Cuttlefish: start + count of a query wraps, and so many structs are
// allocated.
TEST_F(KnownFailuresTest, QueriesWhoseEndWrapsAreRefused) {
  for (SndCode code : {kSndJackInfo, kSndPcmInfo, kSndChmapInfo}) {
    for (uint32_t start : {kMax, kMax - 1, 0x80000000u}) {
      EXPECT_EQ(Query(code, start, 0u - start, 32), kBadMsg) << start;
      EXPECT_EQ(Query(code, start, 1u - start, 32), kBadMsg) << start;
    }
  }
}

// Cuttlefish: SET_PARAMS takes formats that are not advertised, and S24_3 then
// aborts.
TEST_F(KnownFailuresTest, FormatsThatAreNotAdvertisedAreRefused) {
  constexpr uint8_t kS24Packed = 11;
  SndPcmSetParams params{{{kSndPcmSetParams}, 0}, 9600, 960, 0, 1, kS24Packed,
                         kSndRate48000,           0};
  EXPECT_EQ(guest_.SetParams(params), SndStatus::kNotSupp);
  EXPECT_EQ(Command(kSndPcmPrepare), kBadMsg);
  EXPECT_THAT(output_.calls(), IsEmpty());
}

// Cuttlefish: the mixer's buffer grows while the far end stands still.
TEST_F(KnownFailuresTest, MemoryStaysBoundedWhileTheFarEndStandsStill) {
  output_.set_granted(kPeriod);
  Prepare();
  SendPeriods(4);
  ASSERT_EQ(Command(kSndPcmStart), kOk);
  guest_.Advance(seconds(1));
  DriverRing& ring = driver().ring(kSndTxQueue);
  const auto publish = [&] {
    // The same chain again and again, which no rule-abiding driver does.
    for (int i = 0; i < 60; ++i) ring.PublishHead(63);
    device_.OnKick(kSndTxQueue, driver().now());
    guest_.Advance(milliseconds(100));
    driver().Collect(kSndTxQueue);
  };
  FakeRam& ram = driver().guest().ram();
  const uint64_t header = ram.Allocate(1 << 20);
  *ring.descriptor(63) = {header, 1 << 20, kDescriptorNext, 62};
  *ring.descriptor(62) = {ram.Allocate(8), 8, kDescriptorWrite, 0};
  for (int i = 0; i < 100; ++i) publish();
  const int64_t before = ResidentBytes();
  for (int i = 0; i < 5000; ++i) publish();
  if (!kHoardsFreedMemory) {
    EXPECT_LT(ResidentBytes() - before, 4 << 20);
  }
  EXPECT_LE(device_.stream(0).queued_end() - device_.stream(0).produced(),
            60 * 48000);
  EXPECT_EQ(output_.written_frames(), kPeriod);
}

// Cuttlefish: a receive buffer's stream is looked up before its id is checked.
TEST_F(KnownFailuresTest, ReceiveBuffersOfAnyStreamFail) {
  for (uint32_t id : {0u, 1u, 7u, 0x10000u, 0x80000000u, kMax}) {
    driver().Send(kSndRxQueue, {.readable = {ToBytes(SndPcmXfer{id})},
                                .writable = {960, 8}});
    const std::vector<UsedChain> used = driver().Collect(kSndRxQueue);
    ASSERT_THAT(used, SizeIs(1)) << id;
    EXPECT_EQ(
        FirstWord(Bytes(used[0].bytes.begin() + 960, used[0].bytes.end())),
        static_cast<uint32_t>(SndStatus::kIoErr));
  }
}

// crosvm's vios: "buffers arrive after stop and release", since the queues are
// kicked apart. Every place of the kicks, lost ones included.
TEST_F(KnownFailuresTest, NoOrderOfKicksLosesABuffer) {
  for (int order = 0; order < 64; ++order) {
    SCOPED_TRACE(order);
    GoTo(State::kPrepared);
    const auto add = [&](int bit) {
      guest_.AddTx(0, Sound(0));
      if (order >> bit & 1) driver().Kick(kSndTxQueue);
    };
    add(0);
    ASSERT_EQ(Command(kSndPcmStart), kOk);
    add(1);
    guest_.Advance(milliseconds(order & 32 ? 3 : 0));
    add(2);
    ASSERT_EQ(Command(kSndPcmStop), kOk);
    add(3);
    // 5.14.6.6.5.1: RELEASE comes back when every buffer has.
    ASSERT_EQ(Command(kSndPcmRelease), kOk);
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk, kOk, kOk));
    // What comes too late does not wait for ever.
    guest_.AddTx(0, Sound(0));
    if (order & 16) driver().Kick(kSndTxQueue);
    ASSERT_EQ(Command(kSndPcmRelease), kOk);
    EXPECT_THAT(TxStatuses(), ElementsAre(SndStatus::kIoErr));
  }
}

// crosvm: a queue does not restart after GET_VRING_BASE.
TEST_F(KnownFailuresTest, QueuesRestartAHundredTimes) {
  for (int i = 0; i < 100; ++i) ExpectPlays();
  driver().Start();
  Prepare();
  ASSERT_EQ(Command(kSndPcmStart), kOk);
  for (int i = 0; i < 100; ++i) {
    SendPeriods(2);
    guest_.Advance(milliseconds(5));
    driver().Stop();
    driver().Resume();
    guest_.Advance(milliseconds(30));
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk)) << i;
  }
  EXPECT_EQ(output_.epoch().bytes, Sound(0, static_cast<int>(sent_)));
}

// vhost-device-sound (#984): old sound is heard again when the queue is empty.
TEST_F(KnownFailuresTest, AnEmptyQueueRepeatsNothing) {
  Prepare();
  ASSERT_EQ(Command(kSndPcmStart), kOk);
  for (int i = 0; i < 20; ++i) {
    SendPeriods(1 + i % 3);
    guest_.Advance(milliseconds(200));
    EXPECT_THAT(TxStatuses(), SizeIs(1 + i % 3));
  }
  EXPECT_EQ(output_.epoch().bytes, Sound(0, static_cast<int>(sent_)));
}

// vhost-device-sound (#486): the guest hears no end, since no latency is told,
// and what is queued at the end is cut off.
TEST_F(KnownFailuresTest, TheEndIsPlayedAndItsDelayTold) {
  output_.set_delay_frames(9600);
  Prepare();
  SendPeriods(4);
  ASSERT_EQ(Command(kSndPcmStart), kOk);
  guest_.Advance(milliseconds(11));
  const std::vector<FakeSoundDriver::Answer> answers = guest_.CollectTx();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].latency_bytes, 9600u * 4);
  ASSERT_EQ(Command(kSndPcmStop), kOk);
  ASSERT_EQ(Command(kSndPcmRelease), kOk);
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk, kOk));
  EXPECT_EQ(output_.epoch().bytes, Sound(0, 4 * kPeriod));
  EXPECT_TRUE(output_.epoch().released);
}

// semu: the second sound crashes, and STOP waits for ever.
TEST_F(KnownFailuresTest, AThousandSoundsInARow) {
  for (int i = 0; i < 1000; ++i) {
    Prepare();
    SendPeriods(2);
    ASSERT_EQ(Command(kSndPcmStart), kOk);
    guest_.Advance(milliseconds(11));
    ASSERT_EQ(Command(kSndPcmStop), kOk);
    ASSERT_EQ(Command(kSndPcmRelease), kOk);
    ASSERT_THAT(TxStatuses(), ElementsAre(kOk, kOk)) << i;
    ASSERT_EQ(driver().ring(kSndTxQueue).in_flight(), 0u);
  }
  EXPECT_THAT(output_.epochs(), SizeIs(1000));
}

// NuttX (#10800): a START or STOP too many breaks the stream.
TEST_F(KnownFailuresTest, DoubleCommandsDoNoHarm) {
  Prepare();
  EXPECT_EQ(Command(kSndPcmPrepare), kOk);
  SendPeriods(4);
  EXPECT_EQ(Command(kSndPcmStart), kOk);
  EXPECT_EQ(Command(kSndPcmStart), kBadMsg);
  guest_.Advance(milliseconds(15));
  EXPECT_EQ(Command(kSndPcmStop), kOk);
  EXPECT_EQ(Command(kSndPcmStop), kBadMsg);
  EXPECT_EQ(Command(kSndPcmStart), kOk);
  guest_.Advance(milliseconds(26));
  EXPECT_EQ(output_.epoch().bytes, Sound(0, 4 * kPeriod));
  EXPECT_EQ(Command(kSndPcmStop), kOk);
  EXPECT_EQ(Command(kSndPcmRelease), kOk);
  EXPECT_EQ(Command(kSndPcmRelease), kOk);
}

}  // namespace
}  // namespace earshot
