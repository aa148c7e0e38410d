// Calls that go on where others ended, over gRPC.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

TEST_F(EarshotServerTest, ACallGoesOnWhereABrokenOneEnded) {
  auto first = std::make_unique<Player>(channel_);
  first->Say(OpenRequest());
  first->Say(BeginRequest(7));
  v1::PlayResponse response;
  ASSERT_TRUE(first->Hear(&response));
  const std::string token = response.opened().resume_token();
  for (int i = 0; i < 10; ++i) first->Say(PacketRequest(i * 480));
  v1::Stream stream;
  ASSERT_TRUE(
      Await([](const v1::Stream& s) { return s.produced_frames() == 4800; },
            &stream));
  first.reset();  // cancelled
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) {
        return s.state_reason().find(
                   "the client is gone; waiting for it for "
                   "60 s more") == 0;
      },
      &stream));
  Player second(channel_);
  second.Say(ResumeRequest(token, 7));
  ASSERT_TRUE(second.Hear(&response));
  EXPECT_TRUE(response.opened().resumed());
  EXPECT_EQ(response.opened().resume_token(), token);
  EXPECT_EQ(response.opened().received_epoch(), 7u);
  EXPECT_EQ(response.opened().received_frame(), 4800);
  EXPECT_FALSE(response.opened().received_end());
  for (int i = 10; i < 20; ++i) second.Say(PacketRequest(i * 480));
  second.Say(EndRequest(9600));
  ASSERT_TRUE(second.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 9600);
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_EQ(stream.resumes_total(), 1);
  EXPECT_EQ(stream.epochs_total(), 1);
  EXPECT_EQ(stream.played_frames_total(), 9600);
  EXPECT_EQ(stream.underruns(), stream.underrun_causes().outage());
  // One recording, without a seam.
  EXPECT_EQ(std::filesystem::file_size(stream.sink().substr(4)),
            80u + 9600 * 2);
}

TEST_F(EarshotServerTest, ACallThatGoesOnTakesAHalfDeadOneOver) {
  Player first(channel_);
  first.Say(OpenRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(first.Hear(&response));
  const std::string token = response.opened().resume_token();
  first.Say(BeginRequest());
  first.Say(PacketRequest(0));
  v1::Stream stream;
  ASSERT_TRUE(
      Await([](const v1::Stream& s) { return s.packets() == 1; }, &stream));
  Player second(channel_);
  second.Say(ResumeRequest(token, 1));
  ASSERT_TRUE(second.Hear(&response));
  EXPECT_TRUE(response.opened().resumed());
  EXPECT_EQ(response.opened().received_frame(), 480);
  const grpc::Status status = first.End();
  EXPECT_EQ(status.error_code(), StatusCode::ABORTED);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "TAKEN_OVER");
  second.Say(PacketRequest(480));
  second.Say(EndRequest(960));
  ASSERT_TRUE(second.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 960);
}

TEST_F(EarshotServerTest, ProgressGoesToTheCallThatGoesOn) {
  Player first(channel_);
  first.Say(OpenRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(first.Hear(&response));
  const std::string token = response.opened().resume_token();
  first.Say(BeginRequest());
  ASSERT_TRUE(first.call()->Read(&response));
  EXPECT_TRUE(response.has_progress());
  Player second(channel_);
  second.Say(ResumeRequest(token, 1));
  ASSERT_TRUE(second.call()->Read(&response));
  EXPECT_TRUE(response.has_opened());
  ASSERT_TRUE(second.call()->Read(&response));  // though nothing has moved
  EXPECT_EQ(response.progress().epoch(), 1u);
}

TEST_F(EarshotServerTest, AnotherTokenIsANewStream) {
  for (const std::string& token : {std::string(), std::string(16, 'x')}) {
    Player first(channel_);
    first.Say(OpenRequest());
    first.Say(BeginRequest());
    first.Say(PacketRequest(0));
    v1::PlayResponse response;
    ASSERT_TRUE(first.Hear(&response));
    Player second(channel_);
    second.Say(ResumeRequest(token, 1));
    ASSERT_TRUE(second.Hear(&response));
    EXPECT_FALSE(response.opened().resumed());
    EXPECT_EQ(response.opened().received_epoch(), 0u);
    EXPECT_EQ(ErrorInfoOf(first.End()).reason(), "TAKEN_OVER");
  }
}

TEST_F(EarshotServerTest, AHalfClosedStreamIsNotGoneOnWith) {
  for (int i = 0; i < 50; ++i) {  // a broken call looks much the same
    Player first(channel_);
    first.Say(OpenRequest());
    v1::PlayResponse response;
    ASSERT_TRUE(first.Hear(&response));
    const std::string token = response.opened().resume_token();
    first.Say(BeginRequest());
    first.call()->WritesDone();
    EXPECT_TRUE(first.End().ok());
    Player second(channel_);
    second.Say(ResumeRequest(token, 1));
    ASSERT_TRUE(second.Hear(&response));
    EXPECT_FALSE(response.opened().resumed());
  }
}

TEST_F(EarshotServerTest, EveryBrokenCallIsWaitedFor) {
  // As many as one address may begin at once.
  for (int i = 0; i < 90; ++i) {
    v1::PlayResponse response;
    std::string token;
    {
      Player first(channel_);
      first.Say(OpenRequest());
      ASSERT_TRUE(first.Hear(&response));
      token = response.opened().resume_token();
      first.Say(BeginRequest());
      ASSERT_TRUE(first.call()->Read(&response));
    }
    if (i % 2 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    Player second(channel_);
    second.Say(ResumeRequest(token, 1));
    ASSERT_TRUE(second.Hear(&response));
    ASSERT_TRUE(response.opened().resumed()) << i;
  }
}

TEST_F(EarshotServerTest, AnEpochGoesOnInItsMiddleWithPreRoll) {
  Player player(channel_);
  v1::PlayRequest open = ResumeRequest("unknown", 3);
  open.mutable_open()->set_next_frame(5000);
  player.Say(open);
  v1::PlayRequest begin = BeginRequest(3);
  begin.mutable_begin()->set_pre_roll_frames(960);
  player.Say(begin);
  for (int i = 0; i < 2; ++i) {
    player.Say(Changed(PacketRequest(5000), [](v1::PlayRequest& r) {
      r.mutable_packet()->set_frame_count(0);
    }));
  }
  player.Say(PacketRequest(5000));
  player.Say(EndRequest(5480));
  v1::PlayResponse response;
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_FALSE(response.opened().resumed());
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 5480);
  v1::Stream stream;
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_EQ(stream.played_frames(), 480);
  EXPECT_EQ(stream.produced_frames(), 480);
}

}  // namespace
}  // namespace earshot
