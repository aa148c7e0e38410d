// Open.probe over gRPC: a stream that nobody hears, and that meets no other.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

constexpr char kProbe[] = "vms/test/probes/0";

v1::PlayRequest ProbeRequest(const std::string& name = kStream) {
  return Changed(OpenRequest(name),
                 [](v1::PlayRequest& r) { r.mutable_open()->set_probe(true); });
}

class ProbeTest : public EarshotServerTest {
 protected:
  std::string Open(Player& player, const v1::PlayRequest& open) {
    player.Say(open);
    v1::PlayResponse heard;
    EXPECT_TRUE(player.Hear(&heard));
    EXPECT_TRUE(heard.has_opened());
    return heard.opened().resume_token();
  }
  // Plays 10 ms to the end.
  void PlayAll(Player& player) {
    player.Say(BeginRequest());
    player.Say(PacketRequest(0));
    player.Say(EndRequest(480));
    v1::PlayResponse heard;
    ASSERT_TRUE(player.Hear(&heard));
    EXPECT_EQ(heard.drained().played_frame(), 480);
  }
};

TEST_F(ProbeTest, PlaysIntoNoSinkOfTheServerAndIsListedAsAProbe) {
  Player probe(channel_);
  Open(probe, ProbeRequest());
  PlayAll(probe);
  v1::Stream stream;
  ASSERT_TRUE(Get(kProbe, &stream).ok());
  EXPECT_EQ(stream.name(), kProbe);
  EXPECT_EQ(stream.sink(), "null");
  EXPECT_EQ(stream.played_frames(), 480);
  EXPECT_EQ(Get(kStream, &stream).error_code(), StatusCode::NOT_FOUND);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "recordings"));
}

TEST_F(ProbeTest, TakesNoStreamOver) {
  Player player(channel_);
  const std::string token = Open(player, OpenRequest());
  Player probe(channel_);
  Open(probe, ProbeRequest());
  // Not with the stream's own token, either.
  Player thief(channel_);
  thief.Say(Changed(ProbeRequest(), [&](v1::PlayRequest& r) {
    r.mutable_open()->set_resume_token(token);
  }));
  v1::PlayResponse heard;
  ASSERT_TRUE(thief.Hear(&heard));
  EXPECT_FALSE(heard.opened().resumed());
  PlayAll(player);
}

TEST_F(ProbeTest, IsTakenOverByNoStream) {
  Player probe(channel_);
  Open(probe, ProbeRequest());
  Player player(channel_);
  Open(player, OpenRequest());
  PlayAll(probe);
}

TEST_F(ProbeTest, AnotherProbeOfItsNameTakesItOver) {
  Player first(channel_);
  Open(first, ProbeRequest());
  Player second(channel_);
  Open(second, ProbeRequest());
  EXPECT_EQ(ErrorInfoOf(first.End()).reason(), "TAKEN_OVER");
}

TEST_F(ProbeTest, IsForgottenOnceItIsOver) {
  {
    Player probe(channel_);
    Open(probe, ProbeRequest());
    PlayAll(probe);
    probe.call()->WritesDone();
    EXPECT_TRUE(probe.End().ok());
  }
  // The call ends a moment before.
  v1::Stream stream;
  for (int i = 0; i < 1000 && Get(kProbe, &stream).ok(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(Get(kProbe, &stream).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(ProbeTest, ItsNameIsOnlyShown) {
  Player player(channel_);
  player.Say(OpenRequest(kProbe));
  EXPECT_EQ(ErrorInfoOf(player.End()).reason(), "BAD_NAME");
  Player probe(channel_);
  Open(probe, ProbeRequest(kProbe));
}

}  // namespace
}  // namespace earshot
