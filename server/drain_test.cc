// The end of a server, as clients see it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

class DrainTest : public EarshotServerTest {
 protected:
  // Goes on beside the test; what it returns waits for its end.
  std::future<bool> Drain() {
    return std::async(std::launch::async, [this] {
      return server_->Drain(std::chrono::seconds(10));
    });
  }
};

TEST_F(DrainTest, DrainingPlaysWhatIsUnderWay) {
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
  std::future<bool> drained = Drain();
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_EQ(response.go_away().reason(), v1::GoAway::REASON_SHUTDOWN);
  EXPECT_EQ(idle.End().error_code(), StatusCode::UNAVAILABLE);
  player.Say(EndRequest(9600));
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 9600);
  const grpc::Status status = player.End();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "SHUTTING_DOWN");
  EXPECT_TRUE(drained.get());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "s"));
}

TEST_F(DrainTest, DrainingTakesNoNewStreamsButLetsOldOnesGoOn) {
  auto first = std::make_unique<Player>(channel_);
  first->Say(OpenRequest());
  first->Say(BeginRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(first->Hear(&response));
  const std::string token = response.opened().resume_token();
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_PRIMING; },
      &stream));
  std::future<bool> drained = Drain();
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
  EXPECT_TRUE(drained.get());
}

TEST_F(DrainTest, DrainingIsQuickOnceTheClientsHaveMoved) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  player.Say(PacketRequest(0));
  v1::PlayResponse response;
  ASSERT_TRUE(player.Hear(&response));
  // Begin was heard: a server that drains begins nothing.
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.produced_frames() == 480; }, &stream));
  const auto start = std::chrono::steady_clock::now();
  std::future<bool> drained = Drain();
  ASSERT_TRUE(player.Hear(&response));
  ASSERT_TRUE(response.has_go_away());
  player.Say(EndRequest(480));
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_TRUE(response.has_drained());
  player.End();
  EXPECT_TRUE(drained.get());
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::milliseconds(500));
}

TEST_F(DrainTest, ClientsAreToldToLeaveOneAfterTheOther) {
  constexpr int kClients = 15;
  std::vector<std::unique_ptr<Player>> players;
  v1::PlayResponse response;
  for (int i = 0; i < kClients; ++i) {
    players.push_back(std::make_unique<Player>(channel_));
    players.back()->Say(
        OpenRequest("vms/" + std::string(1, 'a' + i) + "/streams/0"));
    ASSERT_TRUE(players.back()->Hear(&response));
  }
  const auto start = std::chrono::steady_clock::now();
  std::future<bool> drained = Drain();
  // The last one's: each has its turn 10 ms after the one before.
  EXPECT_EQ(players.back()->End().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_GE(std::chrono::steady_clock::now() - start,
            std::chrono::milliseconds(10) * (kClients - 1));
  for (int i = 0; i + 1 < kClients; ++i) {
    EXPECT_EQ(players[i]->End().error_code(), StatusCode::UNAVAILABLE);
  }
  EXPECT_TRUE(drained.get());
}

TEST_F(DrainTest, DrainingDoesNotWaitForClientsThatAreGone) {
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

TEST_F(DrainTest, DrainingGivesUpAtItsTimeout) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_PRIMING; },
      &stream));
  const auto end = std::async(std::launch::async, [&] { player.End(); });
  EXPECT_FALSE(server_->Drain(std::chrono::milliseconds(50)));
}

}  // namespace
}  // namespace earshot
