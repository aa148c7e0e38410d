// The volume of a stream over gRPC: one state, whoever sets it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

v1::PlayRequest VolumeRequest(double gain_db, bool mute = false) {
  return Request([&](v1::PlayRequest& r) {
    r.mutable_set_volume()->mutable_volume()->set_gain_db(gain_db);
    r.mutable_set_volume()->mutable_volume()->set_mute(mute);
  });
}

class VolumeTest : public EarshotServerTest {
 protected:
  grpc::Status Set(const std::string& name, double gain_db, bool mute = false) {
    v1::SetVolumeRequest request;
    request.set_name(name);
    request.mutable_volume()->set_gain_db(gain_db);
    request.mutable_volume()->set_mute(mute);
    return Set(request);
  }
  grpc::Status Set(const v1::SetVolumeRequest& request) {
    grpc::ClientContext context;
    response_.Clear();
    return admin_->SetVolume(&context, request, &response_);
  }
  // The next thing that is said, but for Progress, is that volume.
  void ExpectTold(Player& player, double gain_db, bool mute = false) {
    v1::PlayResponse heard;
    ASSERT_TRUE(player.Hear(&heard));
    ASSERT_TRUE(heard.has_volume()) << heard.ShortDebugString();
    EXPECT_EQ(heard.volume().gain_db(), gain_db);
    EXPECT_EQ(heard.volume().mute(), mute);
  }
  std::string Open(Player& player, const v1::PlayRequest& open) {
    player.Say(open);
    v1::PlayResponse heard;
    EXPECT_TRUE(player.Hear(&heard));
    EXPECT_TRUE(heard.has_opened());
    return heard.opened().resume_token();
  }
  void ExpectRefused(const grpc::Status& status, const std::string& field) {
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ErrorInfoOf(status).reason(), "BAD_REQUEST");
    EXPECT_EQ(ErrorInfoOf(status).metadata().at("field"), field);
  }

  v1::SetVolumeResponse response_;
};

TEST_F(VolumeTest, TheClientSetsItAndItIsEchoedAndShown) {
  Player player(channel_);
  Open(player, OpenRequest());
  v1::Stream stream;
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_TRUE(stream.has_volume());
  EXPECT_EQ(stream.volume().gain_db(), 0);
  player.Say(VolumeRequest(-12.5, true));
  ExpectTold(player, -12.5, true);
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_EQ(stream.volume().gain_db(), -12.5);
  EXPECT_TRUE(stream.volume().mute());
}

TEST_F(VolumeTest, TheOperatorSetsItAndTheClientIsTold) {
  Player player(channel_);
  Open(player, OpenRequest());
  ASSERT_TRUE(Set(kStream, -20).ok());
  EXPECT_EQ(response_.volume().gain_db(), -20);
  ExpectTold(player, -20);
  player.Say(VolumeRequest(-3));
  ExpectTold(player, -3);
}

TEST_F(VolumeTest, BelongsToTheNameThroughTakeOverAndReplacement) {
  Player first(channel_);
  const std::string token = Open(first, OpenRequest());
  first.Say(BeginRequest());
  first.Say(VolumeRequest(-6));
  ExpectTold(first, -6);
  Player second(channel_);
  Open(second, ResumeRequest(token, 1));
  ExpectTold(second, -6);
  Player third(channel_);
  Open(third, OpenRequest());
  ExpectTold(third, -6);
  ASSERT_TRUE(Set(kStream, 0).ok());
  ExpectTold(third, 0);
}

TEST_F(VolumeTest, OutlivesItsStreamForAsLongAsThatIsShown) {
  {
    Player player(channel_);
    Open(player, OpenRequest());
    player.Say(VolumeRequest(-6));
    ExpectTold(player, -6);
    player.call()->WritesDone();
    EXPECT_TRUE(player.End().ok());
  }
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_CLOSED; },
      &stream));
  EXPECT_EQ(stream.volume().gain_db(), -6);
  ASSERT_TRUE(Set(kStream, -7).ok());
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_EQ(stream.volume().gain_db(), -7);
  Player again(channel_);
  Open(again, OpenRequest());
  ExpectTold(again, -7);
}

TEST_F(VolumeTest, AStreamOfAnotherNameDoesNotCare) {
  Player loud(channel_);
  Open(loud, OpenRequest("vms/test/streams/1"));
  Player player(channel_);
  Open(player, OpenRequest());
  ASSERT_TRUE(Set(kStream, -6).ok());
  ExpectTold(player, -6);
  v1::Stream stream;
  ASSERT_TRUE(Get("vms/test/streams/1", &stream).ok());
  EXPECT_EQ(stream.volume().gain_db(), 0);
}

TEST_F(VolumeTest, AnOperatorIsToldWhatIsWrong) {
  Player player(channel_);
  Open(player, OpenRequest());
  const grpc::Status missing = Set("vms/other/streams/0", -6);
  EXPECT_EQ(missing.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(ErrorInfoOf(missing).reason(), "STREAM_NOT_FOUND");
  EXPECT_EQ(ErrorInfoOf(missing).metadata().at("field"), "name");
  const grpc::Status name = Set("streams/0", -6);
  EXPECT_EQ(ErrorInfoOf(name).reason(), "BAD_NAME");
  ExpectRefused(Set(kStream, 0.5), "volume.gain_db");
  ExpectRefused(Set(kStream, NAN), "volume.gain_db");
  ExpectRefused(Set(kStream, -std::numeric_limits<double>::infinity()),
                "volume.gain_db");
  v1::SetVolumeRequest nothing;
  nothing.set_name(kStream);
  ExpectRefused(Set(nothing), "volume");
  v1::Stream stream;
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_EQ(stream.volume().gain_db(), 0);
}

}  // namespace
}  // namespace earshot
