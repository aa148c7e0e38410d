// What becomes of the sound when calls break, servers die or make way: real
// processes, a fake driver, PCM as the codec so that every frame counts.
#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/playback_rig.h"
#include "tests/integration/socket_proxy.h"
#include "tests/integration/sound_guest.h"
#include "tests/integration/test_sound.h"

namespace earshot {
namespace {

constexpr int kSecond = 48000;
constexpr int kFrameBytes = 4;
constexpr int kChannels = 2;
const std::vector<std::string> kPcm = {"--codec=pcm"};

class ResumeTest : public testing::Test {
 protected:
  // The guest of a device that plays at `server`, where it has opened its
  // stream.
  void Connect(const std::string& server) {
    device_ = rig_.StartDevice("a", kPcm, server);
    ASSERT_TRUE(rig_.WaitForOpen("a").ok());
    auto guest = SoundGuest::Connect(rig_.SocketPath("a"));
    ASSERT_TRUE(guest.ok()) << guest.status();
    guest_ = *std::move(guest);
    ASSERT_TRUE(guest_->Begin({}, sound_.bytes).ok());
  }
  // Until so many frames are left to be played.
  void PlayUntilLeft(int frames) {
    ASSERT_TRUE(guest_->PlayOn(static_cast<size_t>(frames) * kFrameBytes).ok());
  }
  // What lies in the sound from `position` on.
  bool Holds(const Recording& recording, int64_t position) const {
    const auto samples = static_cast<int64_t>(recording.samples.size());
    const int64_t start = position * kChannels;
    return start >= 0 &&
           start + samples <= static_cast<int64_t>(sound_.expected.size()) &&
           std::equal(recording.samples.begin(), recording.samples.end(),
                      sound_.expected.begin() + start);
  }

  PlaybackRig rig_;
  const int frames_ = 3 * kSecond;
  const TestSound sound_ = MakeTestSound(kSndFormatS16, kChannels, frames_);
  std::unique_ptr<ChildProcess> device_;
  std::unique_ptr<SoundGuest> guest_;
};

TEST_F(ResumeTest, AConnectionThatIsCutLosesNothing) {
  rig_.StartServer();
  SocketProxy proxy(rig_.Path("proxy.sock"), rig_.Path("server.sock"));
  Connect("unix:" + rig_.Path("proxy.sock"));
  for (const int left : {2 * kSecond, kSecond}) {
    PlayUntilLeft(left);
    proxy.Cut();
  }
  PlayUntilLeft(0);
  ASSERT_TRUE(guest_->End().ok());
  const auto stream = rig_.WaitForDrained("a");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->skipped_frames(), 0);
  EXPECT_EQ(stream->resumes_total(), 2);
  const auto recording = rig_.OnlyRecording("a");
  ASSERT_TRUE(recording.ok()) << recording.status();
  EXPECT_EQ(recording->frames(), frames_);
  EXPECT_TRUE(Holds(*recording, 0));
}

TEST_F(ResumeTest, AServerThatIsKilledAndStartedAgainPlaysNothingTwice) {
  ChildProcess& server = rig_.StartServer();
  Connect(rig_.server_address());
  PlayUntilLeft(3 * kSecond / 2);
  server.Signal(SIGKILL);
  server.Wait();
  rig_.StartServer();
  PlayUntilLeft(0);
  ASSERT_TRUE(guest_->End().ok());
  const auto stream = rig_.WaitForDrained("a");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->produced_frames(),
            stream->played_frames() + stream->skipped_frames());
  std::vector<Recording> recordings = rig_.Recordings("a");
  ASSERT_EQ(recordings.size(), 2u);
  EXPECT_TRUE(Holds(recordings[0], 0));
  const int64_t begins = frames_ - recordings[1].frames();
  EXPECT_GE(begins, recordings[0].frames());
  // A process takes its time to start: what its window did not cover was
  // skipped, and then sound fades in.
  const int64_t faded = stream->skipped_frames() > 0 ? kSecond / 50 : 0;
  std::vector<int16_t>& samples = recordings[1].samples;
  samples.erase(samples.begin(), samples.begin() + faded * kChannels);
  EXPECT_TRUE(Holds(recordings[1], begins + faded));
  // What the dead server had and had not said to be played: its queue, and the
  // time since its last word.
  EXPECT_LE(begins - stream->skipped_frames(), 3 * kSecond / 2 + kSecond / 5);
}

TEST_F(ResumeTest, AServerThatMakesWayLosesNothing) {
  ChildProcess& server = rig_.StartServer();
  const auto other = rig_.StartOtherServer();
  Connect(rig_.server_address() + "," + rig_.other_address());
  PlayUntilLeft(3 * kSecond / 2);
  server.Signal(SIGTERM);
  PlayUntilLeft(0);
  ASSERT_TRUE(guest_->End().ok());
  EXPECT_EQ(server.Wait(), 0);
  ASSERT_TRUE(other->WaitForLine("epoch"));
  other->Signal(SIGTERM);
  EXPECT_EQ(other->Wait(), 0);
  const std::vector<Recording> recordings = rig_.Recordings("a");
  ASSERT_EQ(recordings.size(), 2u);
  EXPECT_TRUE(Holds(recordings[0], 0));
  EXPECT_TRUE(Holds(recordings[1], recordings[0].frames()));
  EXPECT_EQ(recordings[0].frames() + recordings[1].frames(), frames_);
  // It did not wait for the end.
  EXPECT_LT(recordings[0].frames(), 2 * kSecond);
}

}  // namespace
}  // namespace earshot
