// The sound device behind the vhost-user back-end, driven in the order of
// messages of each VMM that is known to drive such devices (see
// vhost_user/vmm_sessions): the sound is byte-exact before and after whatever
// the VMM does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bazel/temporary_folder.h"
#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"
#include "device/vhost_user/backend.h"
#include "device/vhost_user/fake_frontend.h"
#include "device/vhost_user/vmm_session.h"

namespace earshot {
namespace {

using Bytes = std::vector<uint8_t>;
using vhost_user::Backend;
using vhost_user::FakeFrontend;
using vhost_user::VmmSession;

constexpr size_t kPeriodBytes = 1920;  // 10 ms
constexpr int kPeriods = 8;            // in the guest's ring
constexpr double kSpeed = 10;          // of the output's clock

class VmmSessionsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto session = VmmSession::Load(std::string("device/vhost_user/"
                                                "vmm_sessions/") +
                                    GetParam() + ".txt");
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = std::make_unique<VmmSession>(*std::move(session));
    session_->Use(&guest_, &vmm_);
    output_.set_speed(kSpeed);
    auto backend = Backend::Create(&loop_, &device_, path_);
    ASSERT_TRUE(backend.ok()) << backend.status();
    backend_ = *std::move(backend);
    ASSERT_TRUE(vmm_.Open().ok());
    Play("connect");
    session_->ResetDriver();
    Play("start");
  }
  void TearDown() override {
    EXPECT_EQ(output_.misuse(), "");
    if (backend_ != nullptr) {
      EXPECT_EQ(backend_->stats().protocol_errors, 0);
    }
    backend_ = nullptr;
  }

  void Play(const std::string& phase) {
    const absl::Status played = session_->Play(phase);
    ASSERT_TRUE(played.ok()) << phase << ": " << played;
  }
  void Pump(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) loop_.poll();
  }

  // --- The guest ---
  template <typename T>
  SndStatus Request(const T& request) {
    vmm_.Send(kSndControlQueue,
              {.readable = {ToBytes(request)}, .writable = {4}});
    const std::vector<UsedChain> used = vmm_.WaitForUsed(kSndControlQueue, 1);
    if (used.size() != 1 || used[0].bytes.size() != 4) return SndStatus::kIoErr;
    uint32_t status;
    std::memcpy(&status, used[0].bytes.data(), sizeof(status));
    return static_cast<SndStatus>(status);
  }
  SndStatus Command(SndCode code, uint32_t stream = 0) {
    return Request(SndPcmHeader{{code}, stream});
  }
  SndStatus SetParams(uint32_t stream) {
    return Request(SndPcmSetParams{{{kSndPcmSetParams}, stream},
                                   kPeriods * kPeriodBytes,
                                   kPeriodBytes,
                                   0,
                                   2,
                                   kSndFormatS16,
                                   kSndRate48000,
                                   0});
  }

  // PREPARE, a full ring, START.
  void StartStream() {
    sent_.clear();
    tokens_.clear();
    ASSERT_EQ(SetParams(0), SndStatus::kOk);
    ASSERT_EQ(Command(kSndPcmPrepare), SndStatus::kOk);
    for (int i = 0; i < kPeriods; ++i) SendPeriod();
    ASSERT_EQ(Command(kSndPcmStart), SndStatus::kOk);
  }
  void SendPeriod() {
    Bytes period(kPeriodBytes);
    for (uint8_t& byte : period) {
      noise_ = noise_ * 6364136223846793005 + 1442695040888963407;
      byte = noise_ >> 56;
    }
    sent_.insert(sent_.end(), period.begin(), period.end());
    tokens_.push_back(vmm_.Send(
        kSndTxQueue, FakeSoundDriver::TxChain(0, period, /*split_bytes=*/700)));
  }
  // Plays on, with a ring that is full at any time.
  void PlayPeriods(int count) {
    for (int i = 0; i < count; ++i) {
      TakePeriod();
      SendPeriod();
    }
  }
  // 5.14.6.8: each comes back with its status, in order.
  void TakePeriod() {
    const std::vector<UsedChain> used = vmm_.WaitForUsed(kSndTxQueue, 1);
    ASSERT_FALSE(used.empty());
    for (const UsedChain& chain : used) {
      ASSERT_FALSE(tokens_.empty());
      EXPECT_EQ(chain.token, tokens_.front());
      tokens_.erase(tokens_.begin());
      uint32_t status;
      std::memcpy(&status, chain.bytes.data(), sizeof(status));
      EXPECT_EQ(static_cast<SndStatus>(status), SndStatus::kOk);
    }
    // More than one came: the guest catches up.
    for (size_t i = 1; i < used.size(); ++i) SendPeriod();
  }
  void StopStream() {
    ASSERT_EQ(Command(kSndPcmStop), SndStatus::kOk);
    ASSERT_EQ(Command(kSndPcmRelease), SndStatus::kOk);
    // 5.14.6.6.5.1: all are back.
    EXPECT_EQ(vmm_.Collect(kSndTxQueue).size(), tokens_.size());
    tokens_.clear();
  }
  // Every byte that the guest has sent, and no other.
  void ExpectPlayedExactly() {
    EXPECT_TRUE(output_.epoch().released);
    ASSERT_EQ(output_.epoch().bytes.size(), sent_.size());
    EXPECT_TRUE(output_.epoch().bytes == sent_);
  }
  // What was cut off is exact up to there.
  void ExpectPlayedTheBeginning() {
    const Bytes& played = output_.epoch().bytes;
    EXPECT_GT(played.size(), 0u);
    ASSERT_LE(played.size(), sent_.size());
    EXPECT_TRUE(std::equal(played.begin(), played.end(), sent_.begin()));
  }
  // A stream from its beginning to its end.
  void PlayAStream() {
    StartStream();
    PlayPeriods(12);
    StopStream();
    ExpectPlayedExactly();
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_ / "socket";
  boost::asio::io_context loop_;
  FakePcmOutput output_;
  FakePcmOutput other_output_;
  SoundDevice device_{{&output_, &other_output_}};
  std::unique_ptr<Backend> backend_;
  FakeGuest guest_{{}};
  FakeFrontend vmm_{&guest_,
                    {.socket_path = path_, .pump = [this] { loop_.poll(); }}};
  std::unique_ptr<VmmSession> session_;
  uint64_t noise_ = 1;
  Bytes sent_;
  std::vector<uint64_t> tokens_;
};

// VMMs that pause a guest, replug behind the connection that stands, and
// connect anew to a back-end that is new.
class PausingVmmTest : public VmmSessionsTest {};
class ReplugVmmTest : public VmmSessionsTest {};
class ReconnectingVmmTest : public VmmSessionsTest {};

TEST_P(VmmSessionsTest, PlaysExactly) { PlayAStream(); }

TEST_P(PausingVmmTest, PlaysExactlyOverPauses) {
  StartStream();
  for (int i = 0; i < 3; ++i) {
    PlayPeriods(6);
    Play("pause");
    // What came back until then; and nothing after.
    const size_t back = vmm_.Collect(kSndTxQueue).size();
    tokens_.erase(tokens_.begin(), tokens_.begin() + back);
    const size_t played = output_.epoch().bytes.size();
    Pump(std::chrono::milliseconds(20));  // longer than the ring
    EXPECT_TRUE(vmm_.Collect(kSndTxQueue).empty());
    EXPECT_EQ(output_.epoch().bytes.size(), played);
    Play("resume");
    for (size_t j = 0; j < back; ++j) SendPeriod();
  }
  PlayPeriods(6);
  StopStream();
  ExpectPlayedExactly();
  EXPECT_EQ(output_.epochs().size(), 1u);
}

// The buffers of one stream wait at the front of the ring that they share,
// while those of the other overtake them.
TEST_P(PausingVmmTest, AStreamThatWaitsAtAPauseLosesNothing) {
  constexpr int kWaiting = 4;
  ASSERT_EQ(SetParams(1), SndStatus::kOk);
  ASSERT_EQ(Command(kSndPcmPrepare, 1), SndStatus::kOk);
  Bytes waiting;
  for (uint8_t i = 0; i < kWaiting; ++i) {
    const Bytes period(kPeriodBytes, i + 1);
    waiting.insert(waiting.end(), period.begin(), period.end());
    vmm_.Send(kSndTxQueue, FakeSoundDriver::TxChain(1, period));
  }
  StartStream();
  for (int i = 0; i < 3; ++i) {
    PlayPeriods(6);
    Play("pause");
    const size_t back = vmm_.Collect(kSndTxQueue).size();
    tokens_.erase(tokens_.begin(), tokens_.begin() + back);
    Play("resume");
    for (size_t j = 0; j < back; ++j) SendPeriod();
  }
  PlayPeriods(6);
  StopStream();
  ExpectPlayedExactly();
  ASSERT_EQ(Command(kSndPcmStart, 1), SndStatus::kOk);
  // The last of a ring may wait until the guest has noticed the others.
  size_t back = vmm_.WaitForUsed(kSndTxQueue, kWaiting - 1).size();
  ASSERT_EQ(Command(kSndPcmStop, 1), SndStatus::kOk);
  ASSERT_EQ(Command(kSndPcmRelease, 1), SndStatus::kOk);
  back += vmm_.Collect(kSndTxQueue).size();
  EXPECT_EQ(back, static_cast<size_t>(kWaiting));
  EXPECT_TRUE(other_output_.epoch().bytes == waiting);
  EXPECT_EQ(other_output_.misuse(), "");
}

TEST_P(VmmSessionsTest, PlaysExactlyAfterResets) {
  PlayAStream();
  for (int i = 0; i < 5; ++i) {
    StartStream();
    PlayPeriods(4);
    Play("reset");
    Pump(std::chrono::milliseconds(2));
    ExpectPlayedTheBeginning();
    session_->ResetDriver();
    Play(session_->Has("restart") ? "restart" : "start");
    // 5.14.6.6.1: the stream is in its first state again.
    EXPECT_EQ(Command(kSndPcmStart), SndStatus::kBadMsg);
    PlayAStream();
  }
}

TEST_P(VmmSessionsTest, PlaysExactlyAfterAReplug) {
  PlayAStream();
  for (int i = 0; i < 3; ++i) {
    StartStream();
    PlayPeriods(4);
    vmm_.Disconnect();  // device_del and chardev-remove, or the VMM's end
    while (backend_->connected()) loop_.poll();
    ExpectPlayedTheBeginning();
    ASSERT_TRUE(vmm_.Open().ok());
    Play("connect");
    session_->ResetDriver();
    Play("start");
    PlayAStream();
  }
}

TEST_P(ReplugVmmTest, PlaysExactlyAfterAReplugBehindTheSameConnection) {
  for (int i = 0; i < 3; ++i) {
    StartStream();
    PlayPeriods(4);
    Play("replug");
    session_->ResetDriver();
    Play("start");
    PlayAStream();
  }
}

TEST_P(ReconnectingVmmTest, ANewConnectionGetsEveryBufferBackOnce) {
  StartStream();
  PlayPeriods(6);
  vmm_.Disconnect();
  while (backend_->connected()) loop_.poll();
  ExpectPlayedTheBeginning();
  ASSERT_TRUE(vmm_.Open().ok());
  Play("reconnect");
  // The stream's state went with the connection: what waits is refused, each
  // buffer once (none that was played comes again), and the driver begins anew.
  std::vector<uint64_t> back;
  for (const UsedChain& chain : vmm_.WaitForUsed(kSndTxQueue, tokens_.size())) {
    back.push_back(chain.token);
  }
  EXPECT_EQ(back, tokens_);
  EXPECT_EQ(Command(kSndPcmRelease), SndStatus::kOk);
  PlayAStream();
}

std::string Name(const testing::TestParamInfo<const char*>& info) {
  return info.param;
}

INSTANTIATE_TEST_SUITE_P(Vmms, VmmSessionsTest,
                         testing::Values("qemu", "crosvm", "cloud_hypervisor",
                                         "libkrun"),
                         Name);
INSTANTIATE_TEST_SUITE_P(Vmms, PausingVmmTest,
                         testing::Values("qemu", "crosvm", "cloud_hypervisor"),
                         Name);
INSTANTIATE_TEST_SUITE_P(Vmms, ReplugVmmTest, testing::Values("qemu"), Name);
INSTANTIATE_TEST_SUITE_P(Vmms, ReconnectingVmmTest,
                         testing::Values("cloud_hypervisor"), Name);

}  // namespace
}  // namespace earshot
