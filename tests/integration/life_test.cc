// What happens to a guest, a VMM, a device and a server while sound plays: the
// real processes, a fake driver, PCM as the codec so that every byte counts.
#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/sound_guest.h"
#include "tests/integration/test_sound.h"

namespace earshot {
namespace {

constexpr int kFrames = 24000;
constexpr int kFrameBytes = 4;
const std::vector<std::string> kPcm = {"--codec=pcm"};

class LifeTest : public testing::Test {
 protected:
  // The guest of a device that has opened its stream.
  std::unique_ptr<SoundGuest> ConnectToOpen(const std::string& vm) {
    EXPECT_TRUE(rig_.WaitForOpen(vm).ok());
    return Connect(vm);
  }

  std::unique_ptr<SoundGuest> Connect(const std::string& vm) {
    auto guest = SoundGuest::Connect(rig_.SocketPath(vm));
    EXPECT_TRUE(guest.ok()) << guest.status();
    return guest.ok() ? *std::move(guest) : nullptr;
  }

  void ExpectRecorded(const std::string& vm) {
    const auto stream = rig_.WaitForDrained(vm);
    ASSERT_TRUE(stream.ok()) << stream.status();
    const auto recording = rig_.OnlyRecording(vm);
    ASSERT_TRUE(recording.ok()) << recording.status();
    EXPECT_EQ(recording->frames(), kFrames);
    EXPECT_TRUE(recording->samples == sound_.expected);
  }

  PlaybackRig rig_;
  const TestSound sound_ = MakeTestSound(kSndFormatS16, 2, kFrames);
};

TEST_F(LifeTest, AVmThatIsStoppedAndContinuedLosesNothing) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  for (const int part : {2, 1}) {
    ASSERT_TRUE(guest->PlayOn(part * kFrames / 3 * kFrameBytes).ok());
    ASSERT_TRUE(guest->vmm().Stop().ok());
    ASSERT_TRUE(guest->vmm().Resume().ok());
  }
  ASSERT_TRUE(guest->PlayOn().ok());
  ASSERT_TRUE(guest->End().ok());
  ExpectRecorded("a");
}

TEST_F(LifeTest, AGuestThatPausesItsStreamLosesNothing) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(kFrames / 2 * kFrameBytes).ok());
  ASSERT_TRUE(guest->Command(kSndPcmStop).ok());
  ASSERT_TRUE(guest->Command(kSndPcmStart).ok());
  ASSERT_TRUE(guest->PlayOn().ok());
  ASSERT_TRUE(guest->End().ok());
  ExpectRecorded("a");
}

TEST_F(LifeTest, AReleaseWithAFullQueuePlaysTheQueue) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(1920 * kFrameBytes).ok());
  ASSERT_TRUE(guest->End().ok());
  ExpectRecorded("a");
}

TEST_F(LifeTest, AGuestThatIsResetMidPlayPlaysAgain) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(kFrames / 2 * kFrameBytes).ok());
  ASSERT_TRUE(guest->vmm().Reset().ok());
  ASSERT_TRUE(guest->vmm().Start().ok());
  ASSERT_TRUE(guest->Play({}, sound_.bytes).ok());
  ASSERT_TRUE(rig_.WaitForStream("a",
                                 [](const v1::Stream& stream) {
                                   return stream.epochs_total() == 2 &&
                                          stream.played_frames() == kFrames &&
                                          stream.state() ==
                                              v1::STREAM_STATE_IDLE;
                                 })
                  .ok());
  const std::vector<Recording> recordings = rig_.Recordings("a");
  ASSERT_EQ(recordings.size(), 2u);
  EXPECT_GE(recordings[0].frames(), kFrames / 2);
  EXPECT_TRUE(recordings[1].samples == sound_.expected);
}

TEST_F(LifeTest, AVmmThatGoesMakesWayForTheNext) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(kFrames / 2 * kFrameBytes).ok());
  guest->vmm().Disconnect();
  guest = Connect("a");
  ASSERT_NE(guest, nullptr);
  ASSERT_TRUE(guest->Play({}, sound_.bytes).ok());
  EXPECT_TRUE(device->running());
  ASSERT_TRUE(rig_.WaitForStream("a",
                                 [](const v1::Stream& stream) {
                                   return stream.epochs_total() == 2 &&
                                          stream.played_frames() == kFrames;
                                 })
                  .ok());
  EXPECT_TRUE(rig_.Recordings("a").back().samples == sound_.expected);
}

TEST_F(LifeTest, AServerThatComesLateGetsTheRestAndTheAccount) {
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = Connect("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(3 * kFrames / 4 * kFrameBytes).ok());
  rig_.StartServer();
  ASSERT_TRUE(guest->PlayOn().ok());
  // The guest may be through before the device tries again.
  ASSERT_TRUE(guest->End().ok());
  const TestSound more = MakeTestSound(kSndFormatS16, 2, 6 * kFrames);
  ASSERT_TRUE(guest->Play({}, more.bytes).ok());
  const auto stream = rig_.WaitForDrained("a");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->produced_frames(), 6 * kFrames);
  EXPECT_EQ(stream->produced_frames(),
            stream->played_frames() + stream->skipped_frames());
  const Recording last = rig_.Recordings("a").back();
  EXPECT_EQ(last.frames(), stream->played_frames());
  // What was recorded is the end of what was played, to the byte, but for the
  // fade where a skip ends.
  ASSERT_LE(last.samples.size(), more.expected.size());
  constexpr size_t kFadeSamples = 2 * 384;  // 8 ms
  const size_t faded = stream->skipped_frames() > 0 ? kFadeSamples : 0;
  ASSERT_GT(last.samples.size(), faded);
  EXPECT_TRUE(std::equal(last.samples.rbegin(), last.samples.rend() - faded,
                         more.expected.rbegin()));
}

TEST_F(LifeTest, AServerThatIsTerminatedLeavesAWholeRecording) {
  ChildProcess& server = rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(kFrames / 2 * kFrameBytes).ok());
  server.Signal(SIGTERM);
  ASSERT_TRUE(guest->PlayOn().ok());
  ASSERT_TRUE(guest->End().ok());
  EXPECT_EQ(server.Wait(), 0);
  const auto recording = rig_.OnlyRecording("a");
  ASSERT_TRUE(recording.ok());
  EXPECT_TRUE(recording->samples == sound_.expected);
}

TEST_F(LifeTest, AServerThatIsKilledCostsTheGuestNothingButSilence) {
  constexpr int kSecond = 48000;
  const TestSound sound = MakeTestSound(kSndFormatS16, 2, 3 * kSecond);
  ChildProcess& server = rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(kSecond * kFrameBytes).ok());
  server.Signal(SIGKILL);
  ASSERT_TRUE(guest->PlayOn().ok());
  ASSERT_TRUE(guest->End().ok());
  server.Wait();
  // What was written can be read, but for the last second at most.
  const auto recording = rig_.OnlyRecording("a");
  ASSERT_TRUE(recording.ok());
  EXPECT_GE(recording->frames(), kSecond / 2);
  ASSERT_LE(recording->samples.size(), sound.expected.size());
  EXPECT_TRUE(std::equal(recording->samples.begin(), recording->samples.end(),
                         sound.expected.begin()));
  EXPECT_TRUE(device->running());
}

TEST_F(LifeTest, ADeviceThatIsTerminatedPlaysItsTail) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  const auto guest = ConnectToOpen("a");
  ASSERT_TRUE(guest->Begin({}, sound_.bytes).ok());
  ASSERT_TRUE(guest->PlayOn(kFrames / 2 * kFrameBytes).ok());
  device->Signal(SIGTERM);
  EXPECT_EQ(device->Wait(), 0);
  const auto stream = rig_.WaitForDrained("a");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_GE(stream->played_frames(), kFrames / 2);
  EXPECT_EQ(stream->produced_frames(), stream->played_frames());
}

TEST_F(LifeTest, GarbageFromAVmmEndsItsConnectionAndNothingElse) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kPcm);
  {
    const auto guest = ConnectToOpen("a");
    const std::vector<uint8_t> garbage(64, 0xff);
    ASSERT_TRUE(guest->vmm().SendRaw(garbage).ok());
    EXPECT_TRUE(guest->vmm().WaitForClose());
  }
  const auto guest = ConnectToOpen("a");
  ASSERT_NE(guest, nullptr);
  ASSERT_TRUE(guest->Play({}, sound_.bytes).ok());
  EXPECT_TRUE(device->running());
  ExpectRecorded("a");
}

TEST_F(LifeTest, ManyDevicesPlayAtOnceAndDoNotMixUp) {
  rig_.StartServer();
  constexpr int kDevices = 4;
  std::vector<std::unique_ptr<ChildProcess>> devices;
  std::vector<std::unique_ptr<SoundGuest>> guests;
  for (int i = 0; i < kDevices; ++i) {
    const std::string vm = "vm" + std::to_string(i);
    devices.push_back(rig_.StartDevice(vm, kPcm));
    guests.push_back(ConnectToOpen(vm));
    ASSERT_TRUE(guests.back()->Begin({}, sound_.bytes).ok());
  }
  for (const size_t keep_bytes : {size_t{40000}, size_t{0}}) {
    for (auto& guest : guests) ASSERT_TRUE(guest->PlayOn(keep_bytes).ok());
  }
  for (auto& guest : guests) ASSERT_TRUE(guest->End().ok());
  for (int i = 0; i < kDevices; ++i) {
    ExpectRecorded("vm" + std::to_string(i));
  }
}

}  // namespace
}  // namespace earshot
