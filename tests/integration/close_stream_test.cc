// An operator closes a stream while a guest plays: what the guest, the operator
// and a listener notice. Real processes, a fake driver, PCM as the codec so
// that every frame counts.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

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
using testing::HasSubstr;

constexpr int kSecond = 48000;
constexpr int kFrameBytes = 4;
constexpr int kChannels = 2;
// After a skip, sound fades in.
constexpr int kFade = kSecond / 50;
// CLOSED_BY_OPERATOR's RetryInfo, and how long after it a device comes: half as
// much again, for many come, and what the attempt takes.
constexpr milliseconds kReopen{5000};
constexpr milliseconds kLatest{kReopen * 3 / 2 + milliseconds(1500)};
constexpr char kStream[] = "vms/a/streams/0";

class CloseStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.StartServer();
    admin_ = v1::AdminService::NewStub(grpc::CreateChannel(
        rig_.server_address(), grpc::InsecureChannelCredentials()));
    device_ = rig_.StartDevice("a", {"--codec=pcm"});
    ASSERT_TRUE(rig_.WaitForOpen("a").ok());
    auto guest = SoundGuest::Connect(rig_.SocketPath("a"));
    ASSERT_TRUE(guest.ok()) << guest.status();
    guest_ = *std::move(guest);
  }

  // The guest plays its sound, beside the test. The longest time that it waited
  // for a tenth of a second to be played; an error if one of its requests or
  // periods had one.
  std::future<absl::StatusOr<steady_clock::duration>> StartPlaying() {
    return std::async(
        std::launch::async, [this]() -> absl::StatusOr<steady_clock::duration> {
          absl::Status status = guest_->Begin({}, sound_.bytes);
          steady_clock::duration longest{0};
          constexpr size_t kPiece = kSecond / 10 * kFrameBytes;
          for (size_t left = sound_.bytes.size(); status.ok() && left > 0;) {
            left -= kPiece;
            const auto start = steady_clock::now();
            status = guest_->PlayOn(left);
            longest = std::max(longest, steady_clock::now() - start);
          }
          if (status.ok()) status = guest_->End();
          if (!status.ok()) return status;
          return longest;
        });
  }

  v1::Stream Close() {
    grpc::ClientContext context;
    v1::CloseStreamRequest request;
    request.set_name(kStream);
    v1::CloseStreamResponse response;
    const grpc::Status status =
        admin_->CloseStream(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.stream();
  }

  v1::Stream Get() {
    grpc::ClientContext context;
    v1::GetStreamRequest request;
    request.set_name(kStream);
    v1::GetStreamResponse response;
    const grpc::Status status = admin_->GetStream(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.stream();
  }

  // Whether the recording is the sound from `position` on, but for so many
  // frames at its beginning.
  bool Holds(const Recording& recording, int64_t position, int but) const {
    const auto begin = recording.samples.begin() + int64_t{but} * kChannels;
    return std::equal(begin, recording.samples.end(),
                      sound_.expected.begin() + (position + but) * kChannels);
  }

  PlaybackRig rig_;
  // As long as it may take until the device is back, and some more.
  const int frames_ = 12 * kSecond;
  const TestSound sound_ = MakeTestSound(kSndFormatS16, kChannels, frames_);
  std::unique_ptr<v1::AdminService::Stub> admin_;
  std::unique_ptr<ChildProcess> device_;
  std::unique_ptr<SoundGuest> guest_;
};

TEST_F(CloseStreamTest, TheGuestPlaysOnAndTheDeviceComesBackWhenItMay) {
  auto played = StartPlaying();
  ASSERT_TRUE(rig_.WaitForStream("a",
                                 [](const v1::Stream& stream) {
                                   return stream.played_frames() > kSecond;
                                 })
                  .ok());
  const auto closed = steady_clock::now();
  EXPECT_EQ(Close().state(), v1::STREAM_STATE_PLAYING);

  // Its call ends with the operator's word for it; what the server holds is
  // played, and that is all.
  EXPECT_TRUE(device_->WaitForLine("stream lost")) << device_->log();
  EXPECT_THAT(device_->log(), HasSubstr("has closed the stream"));
  const auto over = rig_.WaitForStream("a", [](const v1::Stream& stream) {
    return stream.state() == v1::STREAM_STATE_CLOSED;
  });
  ASSERT_TRUE(over.ok()) << over.status();
  EXPECT_THAT(over->state_reason(), HasSubstr("has closed the stream"));
  EXPECT_EQ(over->queued_frames(), 0);
  EXPECT_EQ(over->skipped_frames(), 0);
  EXPECT_EQ(over->produced_frames(), over->played_frames());

  // It is another stream when it comes back: not sooner than it was told, and
  // not much later.
  while (Get().state() == v1::STREAM_STATE_CLOSED &&
         steady_clock::now() < closed + 2 * kLatest) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_GE(steady_clock::now() - closed, kReopen);
  EXPECT_LE(steady_clock::now() - closed, kLatest);
  EXPECT_EQ(Get().resumes_total(), 0);

  // The guest has noticed nothing.
  const auto longest = played.get();
  ASSERT_TRUE(longest.ok()) << longest.status();
  EXPECT_LT(*longest, milliseconds(500));

  const auto back = rig_.WaitForDrained("a");
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->skip_reasons_total().outage(), back->skipped_frames());
  const std::vector<Recording> recordings = rig_.Recordings("a");
  ASSERT_EQ(recordings.size(), 2U);
  EXPECT_EQ(recordings[0].frames(), over->played_frames());
  EXPECT_TRUE(Holds(recordings[0], 0, 0));
  const int64_t begins = frames_ - recordings[1].frames();
  EXPECT_TRUE(Holds(recordings[1], begins, kFade));
  // What lies between was declared as skipped, but for the packets that were on
  // their way when the call ended.
  const int64_t undeclared =
      begins - recordings[0].frames() - back->skipped_frames();
  EXPECT_GE(undeclared, 0);
  EXPECT_LT(undeclared, kSecond / 10);
  EXPECT_GE(begins - recordings[0].frames(), 4 * kSecond);
}

}  // namespace
}  // namespace earshot
