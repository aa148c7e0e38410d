// The end of a server, as clients see it.
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

TEST_F(EarshotServerTest, DrainingPlaysWhatIsUnderWay) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  for (int i = 0; i < 20; ++i) player.Say(PacketRequest(i * 480));
  Player idle(channel_);
  idle.Say(OpenRequest("vms/idle/streams/0"));
  v1::PlayResponse response;
  ASSERT_TRUE(idle.Hear(&response));
  ASSERT_TRUE(player.Hear(&response));
  v1::Stream stream;
  ASSERT_TRUE(
      Await([](const v1::Stream& s) { return s.produced_frames() == 9600; },
            &stream));
  bool drained = false;
  std::thread drain(
      [&] { drained = server_->Drain(std::chrono::seconds(10)); });
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_EQ(response.go_away().reason(), v1::GoAway::REASON_SHUTDOWN);
  EXPECT_EQ(idle.End().error_code(), StatusCode::UNAVAILABLE);
  player.Say(EndRequest(9600));
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 9600);
  const grpc::Status status = player.End();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "SHUTTING_DOWN");
  drain.join();
  EXPECT_TRUE(drained);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/s"));
}

TEST_F(EarshotServerTest, DrainingTakesNoNewStreamsButLetsOldOnesGoOn) {
  auto first = std::make_unique<Player>(channel_);
  first->Say(OpenRequest());
  first->Say(BeginRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(first->Hear(&response));
  const std::string token = response.opened().resume_token();
  std::thread drain([&] { server_->Drain(std::chrono::seconds(10)); });
  ASSERT_TRUE(first->Hear(&response));
  ASSERT_TRUE(response.has_go_away());
  Player stranger(channel_);
  stranger.Say(OpenRequest("vms/new/streams/0"));
  EXPECT_EQ(ErrorInfoOf(stranger.End()).reason(), "SHUTTING_DOWN");
  Player second(channel_);
  second.Say(ResumeRequest(token, 1));
  ASSERT_TRUE(second.Hear(&response));
  EXPECT_TRUE(response.opened().resumed());
  ASSERT_TRUE(second.Hear(&response));
  EXPECT_TRUE(response.has_go_away());
  second.Say(PacketRequest(0));
  second.Say(EndRequest(480));
  ASSERT_TRUE(second.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 480);
  EXPECT_EQ(ErrorInfoOf(second.End()).reason(), "SHUTTING_DOWN");
  drain.join();
}

TEST_F(EarshotServerTest, DrainingIsQuickOnceTheClientsHaveMoved) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  player.Say(PacketRequest(0));
  v1::PlayResponse response;
  ASSERT_TRUE(player.Hear(&response));
  const auto start = std::chrono::steady_clock::now();
  bool drained = false;
  std::thread drain(
      [&] { drained = server_->Drain(std::chrono::seconds(10)); });
  ASSERT_TRUE(player.Hear(&response));
  ASSERT_TRUE(response.has_go_away());
  player.Say(EndRequest(480));
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_TRUE(response.has_drained());
  player.End();
  drain.join();
  EXPECT_TRUE(drained);
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::milliseconds(500));
}

TEST_F(EarshotServerTest, DrainingDoesNotWaitForClientsThatAreGone) {
  {
    Player player(channel_);
    player.Say(OpenRequest());
    player.Say(BeginRequest());
    player.Say(PacketRequest(0));
    v1::PlayResponse response;
    ASSERT_TRUE(player.Hear(&response));
    ASSERT_TRUE(player.call()->Read(&response));
  }
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) {
        return s.state_reason().find("the client is gone") == 0;
      },
      &stream));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(server_->Drain(std::chrono::seconds(10)));
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::milliseconds(1500));
}

TEST_F(EarshotServerTest, DrainingGivesUpAtItsTimeout) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_PRIMING; },
      &stream));
  std::thread end([&] { player.End(); });
  EXPECT_FALSE(server_->Drain(std::chrono::milliseconds(50)));
  end.join();
}

}  // namespace
}  // namespace earshot
