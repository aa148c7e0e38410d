#include "device/sound/sound_device.h"

#include <cstring>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Bytes = std::vector<uint8_t>;
using State = PcmStream::State;

constexpr SndStatus kOk = SndStatus::kOk;

// `frames` S16 stereo frames that say where in the sound they are.
Bytes Sound(int64_t first, int frames, size_t frame_bytes = 4) {
  Bytes bytes(static_cast<size_t>(frames) * frame_bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(
        (static_cast<size_t>(first) * frame_bytes + i) * 131 >> 3);
  }
  return bytes;
}

class SoundDeviceTest : public ::testing::Test {
 protected:
  ~SoundDeviceTest() override { EXPECT_EQ(output_.misuse(), ""); }

  void PrepareStream() {
    ASSERT_EQ(guest_.SetParams(0, 4 * 3840, 4 * 960), kOk);
    ASSERT_EQ(guest_.Command(kSndPcmPrepare, 0), kOk);
  }
  void SendPeriod() {
    guest_.SendTx(0, Sound(sent_, 960));
    sent_ += 960;
  }
  std::vector<SndStatus> TxStatuses() {
    std::vector<SndStatus> statuses;
    for (const auto& answer : guest_.CollectTx()) {
      statuses.push_back(answer.status);
    }
    return statuses;
  }
  FakeDriver& driver() { return guest_.driver(); }

  FakePcmOutput output_;
  SoundDevice device_{{&output_}};
  FakeSoundDriver guest_{&device_};
  int64_t sent_ = 0;
};

// --- The device as a whole.

TEST_F(SoundDeviceTest, HasFourQueuesAndNoFeatures) {
  EXPECT_EQ(device_.queue_count(), 4);
  EXPECT_EQ(device_.device_features(), 0u);
}

TEST_F(SoundDeviceTest, ConfigCountsOneJackOneStreamTwoMapsNoControls) {
  uint32_t config[6];
  device_.ReadConfig(
      0, absl::MakeSpan(reinterpret_cast<uint8_t*>(config), sizeof(config)));
  EXPECT_THAT(config, ElementsAre(1, 1, 2, 0, 0, 0));
}

TEST_F(SoundDeviceTest, ConfigIsReadableAtAnyOffset) {
  for (uint32_t offset : {0u, 3u, 4u, 5u, 15u, 16u, 255u, 0xffffffffu}) {
    Bytes bytes(256, 0xcc);
    device_.ReadConfig(offset, absl::MakeSpan(bytes));
    for (uint32_t i = 0; i < 256; ++i) {
      const uint64_t at = uint64_t{offset} + i;
      EXPECT_EQ(bytes[i], at == 0 || at == 4 ? 1 : at == 8 ? 2 : 0) << at;
    }
  }
}

TEST_F(SoundDeviceTest, ALongTxRingIsTakenInTurns) {
  FakeGuest::Options options;
  options.queue_size = 4096;
  FakeSoundDriver guest(&device_, options);
  for (int i = 0; i < 4096; ++i) {
    guest.driver().Add(kSndTxQueue, {.readable = {{9, 0, 0, 0}}});
  }
  guest.driver().Kick(kSndTxQueue);
  EXPECT_THAT(guest.driver().Collect(kSndTxQueue), SizeIs(1024));
  guest.Advance(milliseconds(1));
  EXPECT_THAT(guest.driver().Collect(kSndTxQueue), SizeIs(3072));
}

// Each of them looks at the TX ring.
TEST_F(SoundDeviceTest, ManyRequestsAreCarriedOutInTurns) {
  for (int i = 0; i < 30; ++i) {
    driver().Add(kSndControlQueue,
                 {.readable = {ToBytes(SndPcmHeader{{kSndPcmStop}, 0})},
                  .writable = {4}});
  }
  driver().Kick(kSndControlQueue);
  EXPECT_THAT(driver().Collect(kSndControlQueue), SizeIs(16));
  guest_.Advance(milliseconds(1));
  EXPECT_THAT(driver().Collect(kSndControlQueue), SizeIs(14));
}

TEST_F(SoundDeviceTest, EventBuffersAreKept) {
  for (int i = 0; i < 8; ++i) {
    driver().Send(kSndEventQueue, {.writable = {8}});
  }
  PrepareStream();
  guest_.Advance(seconds(1));
  EXPECT_THAT(driver().Collect(kSndEventQueue), IsEmpty());
}

TEST_F(SoundDeviceTest, JacksCanBeLeftOut) {
  SoundDevice device({&output_}, {.offer = {}, .jacks = false});
  FakeSoundDriver guest(&device);
  uint32_t jacks = 7;
  device.ReadConfig(
      0, absl::MakeSpan(reinterpret_cast<uint8_t*>(&jacks), sizeof(jacks)));
  EXPECT_EQ(jacks, 0u);
  EXPECT_EQ(guest.Request(ToBytes(SndQueryInfo{{kSndJackInfo}, 0, 1, 24}), 28),
            ToBytes(SndHeader{static_cast<uint32_t>(SndStatus::kBadMsg)}));
}

// --- Playing, as Linux does.

TEST_F(SoundDeviceTest, PlaysWhatTheGuestWritesInItsTime) {
  PrepareStream();
  for (int i = 0; i < 4; ++i) SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  int completed = 0;
  while (sent_ < 48000) {
    guest_.Advance(milliseconds(1));
    for (SndStatus status : TxStatuses()) {
      EXPECT_EQ(status, kOk);
      ++completed;
      SendPeriod();
    }
  }
  EXPECT_EQ(completed, 48000 / 960 - 4);
  EXPECT_EQ(driver().now() - MonotonicTime(std::chrono::hours(1)),
            milliseconds(20 * completed));
  for (int i = 0; i < 4; ++i) {
    guest_.Advance(milliseconds(20));
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
  }
  ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
  ASSERT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_EQ(output_.epoch().bytes, Sound(0, 48000));
  EXPECT_TRUE(output_.epoch().released);
}

// Formats x channels x periods, with chains cut at pages and elsewhere.
class SoundDeviceShapeTest : public SoundDeviceTest,
                             public ::testing::WithParamInterface<
                                 std::tuple<SndFormat, int, int, int>> {};

TEST_P(SoundDeviceShapeTest, EveryByteArrivesOnce) {
  const SndFormat format = std::get<0>(GetParam());
  const int channels = std::get<1>(GetParam());
  const int period = std::get<2>(GetParam());
  const int split = std::get<3>(GetParam());
  const size_t frame_bytes = (format == kSndFormatS16 ? 2u : 4u) * channels;
  const uint32_t period_bytes = static_cast<uint32_t>(period * frame_bytes);
  output_.set_packet_frames(480);
  ASSERT_EQ(guest_.SetParams(0, 4 * period_bytes, period_bytes, format,
                             static_cast<uint8_t>(channels)),
            kOk);
  ASSERT_EQ(guest_.Command(kSndPcmPrepare, 0), kOk);
  const auto send = [&] {
    guest_.SendTx(0, Sound(sent_, period, frame_bytes),
                  static_cast<size_t>(split));
    sent_ += period;
  };
  for (int i = 0; i < 4; ++i) send();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  while (sent_ < 9600) {
    guest_.Advance(milliseconds(1));
    for (SndStatus status : TxStatuses()) {
      EXPECT_EQ(status, kOk);
      send();
    }
  }
  ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
  ASSERT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_EQ(output_.epoch().params.channels, channels);
  EXPECT_EQ(output_.epoch().params.period_frames, period);
  EXPECT_EQ(output_.epoch().bytes,
            Sound(0, static_cast<int>(sent_), frame_bytes));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, SoundDeviceShapeTest,
    ::testing::Combine(::testing::Values(kSndFormatS16, kSndFormatS32,
                                         kSndFormatFloat),
                       ::testing::Values(1, 2),
                       ::testing::Values(1, 128, 240, 441, 480, 960, 1920),
                       ::testing::Values(0, 1021, 4096)));

TEST_F(SoundDeviceTest, StartFindsBuffersWhoseKickWasLost) {
  PrepareStream();
  for (int i = 0; i < 4; ++i) guest_.AddTx(0, Sound(i * 960, 960));
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.Advance(milliseconds(20));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

TEST_F(SoundDeviceTest, ReleaseDrainsTheRingToo) {
  PrepareStream();
  SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.Advance(milliseconds(5));
  ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
  for (int i = 1; i < 4; ++i) guest_.AddTx(0, Sound(i * 960, 960));
  ASSERT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk, kOk, kOk));
  EXPECT_EQ(output_.epoch().bytes, Sound(0, 4 * 960));
}

TEST_F(SoundDeviceTest, RunningAndStarvedItFindsBuffersWhoseKickWasLost) {
  PrepareStream();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.AddTx(0, Sound(0, 480));
  guest_.Advance(milliseconds(30));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

TEST_F(SoundDeviceTest, KilledInThePrebufferTheNextOpenPlays) {
  PrepareStream();
  for (int i = 0; i < 3; ++i) SendPeriod();
  guest_.Advance(seconds(5));  // no STOP, no RELEASE
  EXPECT_THAT(TxStatuses(), IsEmpty());
  // open(): what Linux sends if it misses buffers.
  ASSERT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk, kOk));
  PrepareStream();
  sent_ = 0;
  for (int i = 0; i < 2; ++i) SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.Advance(milliseconds(40));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk));
  EXPECT_EQ(output_.epochs()[0].frames(), 0);
  EXPECT_EQ(output_.epoch().bytes, Sound(0, 1920));
}

TEST_F(SoundDeviceTest, AReleaseOfAStreamThatHoldsNothingSucceeds) {
  EXPECT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  guest_.AddTx(0, Sound(0, 960));
  EXPECT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_THAT(TxStatuses(), ElementsAre(SndStatus::kIoErr));
}

TEST_F(SoundDeviceTest, RecoversFromAnUnderrunAsLinuxDoes) {
  PrepareStream();
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (int i = 0; i < 4; ++i) SendPeriod();
    ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
    guest_.Advance(milliseconds(70));
    EXPECT_THAT(TxStatuses(), SizeIs(3));
    guest_.Advance(milliseconds(130));
    EXPECT_THAT(TxStatuses(), SizeIs(1));
    ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
    ASSERT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
    ASSERT_EQ(guest_.Command(kSndPcmPrepare, 0), kOk);
  }
  EXPECT_EQ(device_.stream(0).stats().frames_produced, 3 * 4 * 960);
}

TEST_F(SoundDeviceTest, OneNotificationForABatch) {
  PrepareStream();
  for (int i = 0; i < 8; ++i) guest_.SendTx(0, Sound(i * 10, 10));
  const int before = driver().notifications(kSndTxQueue);
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
  ASSERT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_EQ(driver().notifications(kSndTxQueue), before + 1);
  EXPECT_THAT(TxStatuses(), SizeIs(8));
}

TEST_F(SoundDeviceTest, EveryKickThatIsAskedForIsEnough) {
  // The driver kicks only if the device asks: nothing may be left lying.
  PrepareStream();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  for (int i = 0; i < 1000; ++i) {
    guest_.SendTx(0, {});
    ASSERT_THAT(TxStatuses(), ElementsAre(kOk)) << i;
  }
}

TEST_F(SoundDeviceTest, AsksForNoKicksWhileAStreamHasSound) {
  PrepareStream();
  SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  SendPeriod();  // with the kick that was asked for before
  // 20 ms each, played without another.
  for (int i = 0; i < 100; ++i) {
    guest_.AddTx(0, Sound(0, 960));
    ASSERT_FALSE(driver().Kick(kSndTxQueue)) << i;
    guest_.Advance(milliseconds(20));
    ASSERT_THAT(TxStatuses(), ElementsAre(kOk)) << i;
  }
  EXPECT_EQ(device_.stream(0).stats().underflows, 0);
  // It runs dry: what comes then is wanted at once.
  guest_.Advance(milliseconds(40));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk));
  guest_.AddTx(0, Sound(0, 960));
  EXPECT_TRUE(driver().Kick(kSndTxQueue));
  // So it is in a stream that stands still.
  ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
  guest_.AddTx(0, Sound(0, 960));
  EXPECT_TRUE(driver().Kick(kSndTxQueue));
}

// --- Pause and reset underneath.

TEST_F(SoundDeviceTest, StopAndContinueOfTheVmLosesAndRepeatsNothing) {
  output_.set_packet_frames(480);
  PrepareStream();
  for (int i = 0; i < 4; ++i) SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  for (int i = 0; i < 20; ++i) {
    guest_.Advance(milliseconds(7));
    driver().Stop();
    EXPECT_EQ(device_.NextDeadline(driver().now()), MonotonicTime::max());
    guest_.Advance(seconds(3));
    driver().Resume();
    for (SndStatus status : TxStatuses()) {
      EXPECT_EQ(status, kOk);
      SendPeriod();
    }
  }
  // 140 ms of playing in all.
  EXPECT_EQ(output_.written_frames() / 480, 140 * 48 / 480);
  ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
  ASSERT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_EQ(output_.epoch().bytes, Sound(0, static_cast<int>(sent_)));
}

TEST_F(SoundDeviceTest, QueuesMayStopOneByOne) {
  PrepareStream();
  for (int i = 0; i < 4; ++i) SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  driver().StopQueue(kSndControlQueue);
  driver().StopQueue(kSndRxQueue);
  guest_.Advance(milliseconds(20));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
  driver().StopQueue(kSndTxQueue);
  guest_.Advance(milliseconds(20));
  driver().StartQueue(kSndControlQueue);
  EXPECT_THAT(TxStatuses(), IsEmpty());
  driver().StartQueue(kSndTxQueue);
  guest_.Advance(milliseconds(20));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

TEST_F(SoundDeviceTest, BuffersAddedWhileAQueueIsStoppedAreFound) {
  PrepareStream();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  driver().StopQueue(kSndTxQueue);
  guest_.AddTx(0, Sound(0, 960));
  driver().StartQueue(kSndTxQueue);
  guest_.Advance(milliseconds(20));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

TEST_F(SoundDeviceTest, ARequestIsAnsweredWithoutATxQueueIfNothingIsPrepared) {
  driver().StopQueue(kSndTxQueue);
  PrepareStream();
}

TEST_F(SoundDeviceTest, AReleaseThatWaitedInAPausedVmDoesNotOvertakeBuffers) {
  PrepareStream();
  SendPeriod();
  SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.Advance(milliseconds(5));
  ASSERT_EQ(guest_.Command(kSndPcmStop, 0), kOk);
  driver().Stop();
  driver().Add(kSndControlQueue,
               {.readable = {ToBytes(SndPcmHeader{{kSndPcmRelease}, 0})},
                .writable = {4}});
  driver().StartQueue(kSndControlQueue);
  EXPECT_THAT(driver().Collect(kSndControlQueue), IsEmpty());
  driver().StartQueue(kSndTxQueue);
  EXPECT_THAT(driver().Collect(kSndControlQueue), SizeIs(1));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk));
  EXPECT_EQ(output_.epoch().bytes, Sound(0, 1920));
}

TEST_F(SoundDeviceTest, ARequestWaitsUntilItsQueueStarts) {
  driver().StopQueue(kSndControlQueue);
  driver().Send(kSndControlQueue,
                {.readable = {ToBytes(SndHeader{7})}, .writable = {4}});
  EXPECT_THAT(driver().Collect(kSndControlQueue), IsEmpty());
  driver().StartQueue(kSndControlQueue);
  EXPECT_THAT(driver().Collect(kSndControlQueue), SizeIs(1));
}

TEST_F(SoundDeviceTest, AfterAResetAFreshDriverPlays) {
  for (int i = 0; i < 10; ++i) {
    sent_ = 0;
    PrepareStream();
    for (int p = 0; p < 4; ++p) SendPeriod();
    ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
    guest_.Advance(milliseconds(45));
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk));
    driver().Start();  // resets mid-play
    EXPECT_EQ(device_.stream(0).state(), State::kInitial);
    EXPECT_TRUE(output_.epoch().released);
  }
  EXPECT_THAT(output_.epochs(), SizeIs(10));
}

TEST_F(SoundDeviceTest, AResetWithoutStoppingTheQueuesForgetsTheBuffers) {
  PrepareStream();
  SendPeriod();
  device_.Reset(driver().now());
  EXPECT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  EXPECT_THAT(TxStatuses(), IsEmpty());
}

TEST_F(SoundDeviceTest, QueuesThatDoNotExistAreIgnored) {
  for (int index : {-1, 4, 1000}) {
    device_.StartQueue(index, driver().virtqueue(0), driver().now());
    device_.OnKick(index, driver().now());
    device_.StopQueue(index, driver().now());
  }
}

// --- Bad input.

TEST_F(SoundDeviceTest, TxChainsThatAreNoBuffersComeBackAtOnce) {
  PrepareStream();
  const FakeChain kChains[] = {
      {.readable = {{0, 0, 0}}, .writable = {8}},
      {.writable = {8}},
      {.readable = {{0, 0, 0, 0}, {1, 2, 3, 4}}},
      {.readable = {{0, 0, 0, 0}}, .writable = {7}},
      {.readable = {{0}}, .writable = {1}},
  };
  for (const FakeChain& chain : kChains) {
    driver().Send(kSndTxQueue, chain);
    std::vector<UsedChain> used = driver().Collect(kSndTxQueue);
    ASSERT_THAT(used, SizeIs(1));
    EXPECT_EQ(used[0].written,
              chain.writable.empty() || chain.writable[0] < 8 ? 0u : 8u);
  }
  SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.Advance(milliseconds(20));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

TEST_F(SoundDeviceTest, ControlChainsWithoutRoomForAStatusComeBackEmpty) {
  for (uint32_t room = 0; room < 4; ++room) {
    FakeChain chain{.readable = {ToBytes(SndPcmHeader{{kSndPcmStart}, 0})}};
    if (room > 0) chain.writable = {room};
    driver().Send(kSndControlQueue, chain);
    std::vector<UsedChain> used = driver().Collect(kSndControlQueue);
    ASSERT_THAT(used, SizeIs(1));
    EXPECT_EQ(used[0].written, 0u);
  }
  EXPECT_EQ(device_.stats().malformed_chains, 4);
  PrepareStream();
}

TEST_F(SoundDeviceTest, MalformedChainsDoNotStopTheRest) {
  PrepareStream();
  // A chain that bites its own tail, published ahead of a good one.
  DriverRing& ring = driver().ring(kSndTxQueue);
  *ring.descriptor(63) = {.address = ~uint64_t{0},
                          .length = 16,
                          .flags = kDescriptorNext,
                          .next = 63};
  ring.PublishHead(63);
  SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.Advance(milliseconds(20));
  EXPECT_EQ(device_.stats().malformed_chains, 1);
  EXPECT_EQ(output_.written_frames(), 960);
}

TEST_F(SoundDeviceTest, ABrokenRingIsLeftAloneUntilTheReset) {
  PrepareStream();
  driver().ring(kSndTxQueue).SetAvailIndex(5000);
  device_.OnKick(kSndTxQueue, driver().now());
  guest_.Advance(seconds(1));
  EXPECT_EQ(device_.stats().malformed_chains, 1);
  EXPECT_EQ(guest_.Command(kSndPcmRelease, 0), kOk);
  driver().Start();
  PrepareStream();
  SendPeriod();
  ASSERT_EQ(guest_.Command(kSndPcmStart, 0), kOk);
  guest_.Advance(milliseconds(20));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

TEST_F(SoundDeviceTest, AGuestThatPublishesOneChainForeverIsBounded) {
  PrepareStream();
  const Bytes payload = Sound(0, 10);
  guest_.AddTx(0, payload);
  for (int i = 0; i < 2000; ++i) {
    for (int j = 0; j < 40; ++j) driver().ring(kSndTxQueue).PublishHead(0);
    device_.OnKick(kSndTxQueue, driver().now());
  }
  EXPECT_LE(device_.stream(0).queued_end(), 64 * 10);
}

// --- Several streams.

TEST(SoundDeviceStreamsTest, ShareTheQueueAndNothingElse) {
  FakePcmOutput outputs[3];
  SoundDevice device({&outputs[0], &outputs[1], &outputs[2]});
  FakeSoundDriver guest(&device);
  EXPECT_EQ(device.stream_count(), 3);
  for (uint32_t id : {0u, 2u}) {
    ASSERT_EQ(guest.SetParams(id, 4 * 960, 4 * 480), kOk);
    ASSERT_EQ(guest.Command(kSndPcmPrepare, id), kOk);
    guest.SendTx(id, Bytes(4 * 480, static_cast<uint8_t>(id + 1)));
  }
  outputs[0].set_granted(0);
  for (uint32_t id : {0u, 2u}) {
    ASSERT_EQ(guest.Command(kSndPcmStart, id), kOk);
  }
  guest.Advance(milliseconds(10));
  EXPECT_THAT(guest.CollectTx(), SizeIs(1));
  EXPECT_THAT(outputs[2].epoch().bytes, Each(3));
  EXPECT_THAT(outputs[1].epochs(), IsEmpty());
  ASSERT_EQ(guest.Command(kSndPcmStop, 2), kOk);
  ASSERT_EQ(guest.Command(kSndPcmRelease, 2), kOk);
  EXPECT_THAT(guest.CollectTx(), IsEmpty());
  EXPECT_EQ(device.stream(0).state(), State::kRunning);
}

TEST(SoundDeviceStreamsTest, EightStreamsPlayInTheirTime) {
  FakePcmOutput outputs[8];
  std::vector<PcmOutput*> borders;
  for (FakePcmOutput& output : outputs) borders.push_back(&output);
  SoundDevice device(borders);
  FakeSoundDriver guest(&device, FakeGuest::Options{.queue_size = 256});
  int64_t sent[8] = {};
  std::map<uint64_t, uint32_t> tokens;
  const auto send = [&](uint32_t id) {
    const int period = 120 * static_cast<int>(id + 1);
    tokens[guest.SendTx(id, Sound(sent[id], period))] = id;
    sent[id] += period;
  };
  for (uint32_t id = 0; id < 8; ++id) {
    const uint32_t bytes = 4 * 120 * (id + 1);
    ASSERT_EQ(guest.SetParams(id, 4 * bytes, bytes), kOk);
    ASSERT_EQ(guest.Command(kSndPcmPrepare, id), kOk);
    for (int i = 0; i < 4; ++i) send(id);
    ASSERT_EQ(guest.Command(kSndPcmStart, id), kOk);
  }
  for (int ms = 0; ms < 500; ++ms) {
    guest.Advance(milliseconds(1));
    for (const auto& answer : guest.CollectTx()) {
      EXPECT_EQ(answer.status, kOk);
      send(tokens.at(answer.token));
    }
    for (uint32_t id = 0; id < 8; ++id) {
      EXPECT_EQ(outputs[id].written_frames() / (120 * (id + 1)),
                (ms + 1) * 48 / (120 * (id + 1)))
          << id;
    }
  }
  for (uint32_t id = 0; id < 8; ++id) {
    const int frames = static_cast<int>(outputs[id].written_frames());
    EXPECT_EQ(outputs[id].epoch().bytes, Sound(0, frames)) << id;
  }
}

// A ring that holds more buffers than the device takes at a time.
TEST(SoundDeviceStreamsTest, AStreamThatKeepsBuffersLeavesRoomForTheOthers) {
  FakePcmOutput outputs[2];
  SoundDevice device({&outputs[0], &outputs[1]});
  FakeSoundDriver guest(&device, FakeGuest::Options{.queue_size = 4096});
  for (uint32_t id : {0u, 1u}) {
    ASSERT_EQ(guest.SetParams(id, 4 * 960, 4 * 480), kOk);
    ASSERT_EQ(guest.Command(kSndPcmPrepare, id), kOk);
  }
  for (int i = 0; i < 1200; ++i) guest.AddTx(0, Bytes(4));
  for (int i = 0; i < 2; ++i) guest.AddTx(1, Bytes(4 * 480));
  guest.driver().Kick(kSndTxQueue);
  ASSERT_EQ(guest.Command(kSndPcmStart, 1), kOk);
  guest.Advance(milliseconds(20));
  EXPECT_EQ(outputs[1].written_frames(), 960);
  EXPECT_EQ(device.stream(0).buffers(), 512u);
  EXPECT_EQ(device.stats().tx_refused, 1200 - 512);
}

// The device and what it holds may go in any order with the rings.
TEST(SoundDeviceStreamsTest, MayGoWithBuffersInItsHands) {
  FakePcmOutput output;
  auto device = std::make_unique<SoundDevice>(std::vector<PcmOutput*>{&output});
  FakeGuest guest(FakeGuest::Options{});
  const GuestMemory memory = guest.ram().memory();
  auto queue = std::make_unique<Virtqueue>(*Virtqueue::Create(
      &memory, guest.ring(kSndTxQueue).layout(), 0, true, [] {}));
  device->StartQueue(kSndTxQueue, queue.get(), {});
  queue.reset();
  device.reset();
}

TEST(SoundDeviceStreamsTest, WorksWithoutEventIdx) {
  FakePcmOutput output;
  SoundDevice device({&output});
  FakeSoundDriver guest(&device, FakeGuest::Options{.event_idx = false});
  ASSERT_EQ(guest.SetParams(0, 4 * 960, 4 * 480), kOk);
  ASSERT_EQ(guest.Command(kSndPcmPrepare, 0), kOk);
  ASSERT_EQ(guest.Command(kSndPcmStart, 0), kOk);
  for (int i = 0; i < 200; ++i) {
    guest.SendTx(0, Bytes(4 * 48));
    guest.Advance(milliseconds(1));
    EXPECT_THAT(guest.CollectTx(), SizeIs(1)) << i;
  }
}

}  // namespace
}  // namespace earshot
