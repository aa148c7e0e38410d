// The volume of a stream from a guest's mixer to the server and back: the real
// processes, a fake driver that has accepted VIRTIO_SND_F_CTLS.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device/sound/fake_sound_driver.h"
#include "device/sound/virtio_snd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/earshot/v1/admin.grpc.pb.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/sound_guest.h"
#include "tests/integration/test_sound.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr uint32_t kVolume = 0;  // 0 to 120, steps of 0.5 dB
constexpr uint32_t kSwitch = 1;
constexpr std::chrono::seconds kPatience{10};
const std::vector<std::string> kControls = {"--codec=pcm", "--controls=on"};

// A guest's mixer.
class Mixer {
 public:
  explicit Mixer(vhost_user::FakeFrontend& vmm) : vmm_(vmm) {
    for (int i = 0; i < 32; ++i) GiveEventBuffer();
  }

  SndStatus Write(uint32_t id, uint32_t value) {
    std::vector<uint8_t> request = ToBytes(SndCtlHeader{{kSndCtlWrite}, id});
    const std::vector<uint8_t> bytes = ToBytes(SndCtlValue{{value}});
    request.insert(request.end(), bytes.begin(), bytes.end());
    SndHeader header = {};
    const std::vector<uint8_t> answer = Request(request, sizeof(header));
    std::memcpy(&header, answer.data(), sizeof(header));
    return static_cast<SndStatus>(header.code);
  }

  uint32_t Read(uint32_t id) {
    const std::vector<uint8_t> answer =
        Request(ToBytes(SndCtlHeader{{kSndCtlRead}, id}),
                sizeof(SndHeader) + sizeof(SndCtlValue));
    uint32_t value = 0;
    std::memcpy(&value, answer.data() + sizeof(SndHeader), sizeof(value));
    return value;
  }

  // The next notification: the control it is of. Nothing if none comes.
  std::optional<uint32_t> AwaitNotify() {
    const std::vector<UsedChain> used = vmm_.WaitForUsed(kSndEventQueue, 1);
    for (const UsedChain& chain : used) Take(chain);
    if (told_.empty()) return std::nullopt;
    const uint32_t id = told_.front();
    told_.erase(told_.begin());
    return id;
  }

  // Reads whenever something was notified until the value is there.
  bool Await(uint32_t id, uint32_t value) {
    const auto deadline = steady_clock::now() + kPatience;
    while (Read(id) != value) {
      if (steady_clock::now() > deadline) return false;
      vmm_.WaitForInterrupt(kSndEventQueue, milliseconds(50));
      for (const UsedChain& chain : vmm_.Collect(kSndEventQueue)) Take(chain);
    }
    return true;
  }

 private:
  std::vector<uint8_t> Request(const std::vector<uint8_t>& request,
                               uint32_t room) {
    vmm_.Send(kSndControlQueue, {.readable = {request}, .writable = {room}});
    const std::vector<UsedChain> used = vmm_.WaitForUsed(kSndControlQueue, 1);
    if (used.size() == 1) return used[0].bytes;
    ADD_FAILURE() << "no answer";
    return std::vector<uint8_t>(room);
  }
  void GiveEventBuffer() {
    vmm_.Send(kSndEventQueue, {.writable = {sizeof(SndEvent)}});
  }
  void Take(const UsedChain& chain) {
    SndEvent event = {};
    std::memcpy(&event, chain.bytes.data(), sizeof(event));
    if (event.code == kSndEvtCtlNotify) told_.push_back(event.data & 0xffff);
    GiveEventBuffer();
  }

  vhost_user::FakeFrontend& vmm_;
  std::vector<uint32_t> told_;
};

class VolumeTest : public testing::Test {
 protected:
  std::unique_ptr<SoundGuest> Connect() {
    EXPECT_TRUE(rig_.WaitForOpen("a").ok());
    auto guest = SoundGuest::Connect(rig_.SocketPath("a"));
    EXPECT_TRUE(guest.ok()) << guest.status();
    return guest.ok() ? *std::move(guest) : nullptr;
  }
  // What an operator does.
  void Set(double gain_db, bool mute = false) {
    const auto admin = v1::AdminService::NewStub(grpc::CreateChannel(
        rig_.server_address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    v1::SetVolumeRequest request;
    request.set_name("vms/a/streams/0");
    request.mutable_volume()->set_gain_db(gain_db);
    request.mutable_volume()->set_mute(mute);
    v1::SetVolumeResponse response;
    const grpc::Status status = admin->SetVolume(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  void ExpectAtServer(double gain_db, bool mute = false) {
    const auto stream = rig_.WaitForStream("a", [&](const v1::Stream& stream) {
      return stream.volume().gain_db() == gain_db &&
             stream.volume().mute() == mute;
    });
    EXPECT_TRUE(stream.ok()) << stream.status();
  }

  PlaybackRig rig_;
};

TEST_F(VolumeTest, TheGuestsMixerIsTheServersVolume) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kControls);
  const auto guest = Connect();
  Mixer mixer(guest->vmm());
  EXPECT_EQ(mixer.Read(kVolume), 120u);
  EXPECT_EQ(mixer.Write(kVolume, 80), SndStatus::kOk);
  EXPECT_EQ(mixer.AwaitNotify(), kVolume);
  EXPECT_EQ(mixer.Write(kSwitch, 0), SndStatus::kOk);
  EXPECT_EQ(mixer.Read(kVolume), 80u);
  ExpectAtServer(-20, true);
}

TEST_F(VolumeTest, WhatAnOperatorSetsTheGuestIsToldAndReads) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kControls);
  const auto guest = Connect();
  Mixer mixer(guest->vmm());
  EXPECT_EQ(mixer.Read(kVolume), 120u);
  Set(-10.5);
  EXPECT_EQ(mixer.AwaitNotify(), kVolume);
  EXPECT_EQ(mixer.Read(kVolume), 99u);
  EXPECT_EQ(mixer.Read(kSwitch), 1u);
  Set(-10.5, true);
  EXPECT_EQ(mixer.AwaitNotify(), kSwitch);
  EXPECT_EQ(mixer.Read(kSwitch), 0u);
}

TEST_F(VolumeTest, AMutedGuestIsRecordedAsSilenceToTheFrame) {
  constexpr int kFrames = 24000;
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kControls);
  const auto guest = Connect();
  Mixer mixer(guest->vmm());
  ASSERT_EQ(mixer.Write(kSwitch, 0), SndStatus::kOk);
  ExpectAtServer(0, true);
  const TestSound sound = MakeTestSound(kSndFormatS16, 2, kFrames);
  ASSERT_TRUE(guest->Play({}, sound.bytes).ok());
  ASSERT_TRUE(rig_.WaitForDrained("a").ok());
  const auto recording = rig_.OnlyRecording("a");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_EQ(recording->frames(), kFrames);
  EXPECT_THAT(recording->samples, testing::Each(0));
}

TEST_F(VolumeTest, SurvivesARestartOfTheServer) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kControls);
  const auto guest = Connect();
  Mixer mixer(guest->vmm());
  Set(-30, true);
  ASSERT_TRUE(mixer.Await(kVolume, 60));
  rig_.server().Signal(SIGKILL);
  rig_.server().Wait();
  rig_.StartServer();
  ExpectAtServer(-30, true);
  EXPECT_EQ(mixer.Read(kVolume), 60u);
  EXPECT_EQ(mixer.Read(kSwitch), 0u);
}

TEST_F(VolumeTest, ADeviceThatTakesTheStreamOverFindsItsVolume) {
  rig_.StartServer();
  auto device = rig_.StartDevice("a", kControls);
  {
    const auto guest = Connect();
    Mixer mixer(guest->vmm());
    ASSERT_EQ(mixer.Write(kVolume, 80), SndStatus::kOk);
    ExpectAtServer(-20);
  }
  device.reset();
  device = rig_.StartDevice("a", kControls);
  const auto guest = Connect();
  Mixer mixer(guest->vmm());
  EXPECT_TRUE(mixer.Await(kVolume, 80));
  ExpectAtServer(-20);
}

TEST_F(VolumeTest, BothAtOnceEndUpAtTheSame) {
  rig_.StartServer();
  const auto device = rig_.StartDevice("a", kControls);
  const auto guest = Connect();
  Mixer mixer(guest->vmm());
  for (uint32_t i = 0; i < 50; ++i) {
    ASSERT_EQ(mixer.Write(kVolume, i), SndStatus::kOk);
    Set(-0.5 * i);
    ASSERT_EQ(mixer.Write(kVolume, 110 - i), SndStatus::kOk);
  }
  // What the server has in the end, whosever that is.
  std::optional<uint32_t> last;
  const auto deadline = steady_clock::now() + kPatience;
  for (int same = 0; same < 5;) {
    ASSERT_LT(steady_clock::now(), deadline);
    const auto stream =
        rig_.WaitForStream("a", [](const v1::Stream&) { return true; });
    ASSERT_TRUE(stream.ok());
    const auto step =
        static_cast<uint32_t>((stream->volume().gain_db() + 60) * 2);
    same = step == mixer.Read(kVolume) && step == last ? same + 1 : 0;
    last = step;
    mixer.Await(kVolume, step);
  }
}

}  // namespace
}  // namespace earshot
