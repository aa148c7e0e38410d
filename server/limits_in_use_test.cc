// The limits of the policy, at the server: what a client sees of them.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

// Of a status, beside whatever else it has.
template <typename Detail>
bool HasDetail(const grpc::Status& status, Detail* detail) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return false;
  for (const auto& one : details.details()) {
    if (one.Is<Detail>()) return one.UnpackTo(detail);
  }
  return false;
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  return HasDetail(status, &info) ? info.reason() : "";
}

class LimitsInUseTest : public EarshotServerTest {
 protected:
  std::string Health(const std::string& name) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    grpc::health::v1::HealthCheckResponse response;
    request.set_service(name);
    const grpc::Status status =
        grpc::health::v1::Health::NewStub(channel_)->Check(&context, request,
                                                           &response);
    return status.ok()
               ? grpc::health::v1::HealthCheckResponse::ServingStatus_Name(
                     response.status())
               : status.error_message();
  }
};

TEST_F(LimitsInUseTest, AMessageThatIsTooLongIsRefusedWithItsReason) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(Changed(PacketRequest(0), [](v1::PlayRequest& request) {
    request.mutable_packet()->set_payload(std::string(200'000, 'a'));
  }));
  const grpc::Status status = player.End();
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE");
}

TEST_F(LimitsInUseTest, ACallThatSaysTooMuchIsEnded) {
  Player player(channel_);
  player.Say(OpenRequest());
  std::thread talker([&player] {
    for (uint64_t i = 1; i <= 20'000; ++i) {
      v1::PlayRequest ping;
      ping.mutable_ping()->set_id(i);
      if (!player.call()->Write(ping)) return;
    }
  });
  const grpc::Status status = player.End();
  talker.join();
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_MESSAGES");
}

TEST_F(LimitsInUseTest, OpensAreBoundedAndGoingOnIsNot) {
  Player kept(channel_);
  kept.Say(OpenRequest("vms/kept/streams/0"));
  v1::PlayResponse opened;
  ASSERT_TRUE(kept.Hear(&opened));
  grpc::Status status;
  int taken = 0;
  for (; taken < 1000; ++taken) {
    Player player(channel_);
    player.Say(OpenRequest(absl::StrCat("vms/v", taken, "/streams/0")));
    v1::PlayResponse response;
    if (player.Hear(&response)) continue;
    status = player.End();
    break;
  }
  EXPECT_GE(taken, 199);
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_OPENS");
  Player again(channel_);
  v1::PlayRequest resume = ResumeRequest(opened.opened().resume_token(), 0);
  resume.mutable_open()->set_stream("vms/kept/streams/0");
  again.Say(resume);
  v1::PlayResponse response;
  ASSERT_TRUE(again.Hear(&response));
  EXPECT_TRUE(response.opened().resumed());
}

TEST_F(LimitsInUseTest, OverloadTakesNoNewStreamsAndLetsOldOnesGoOn) {
  ServerOptions options = Options();
  // Whatever its ticks take is too much.
  options.load.span = std::chrono::milliseconds(20);
  options.load.hot_busy = options.load.calm_busy = -1;
  Restart(options);
  EXPECT_EQ(Health("readiness"), "SERVING");
  Player kept(channel_);
  kept.Say(OpenRequest());
  kept.Say(BeginRequest());
  v1::PlayResponse opened;
  ASSERT_TRUE(kept.Hear(&opened));
  for (int i = 0; i < 1000 && Health("readiness") == "SERVING"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(Health("readiness"), "NOT_SERVING");
  EXPECT_EQ(Health("liveness"), "SERVING");
  Player more(channel_);
  more.Say(OpenRequest("vms/more/streams/0"));
  const grpc::Status status = more.End();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "OVERLOADED");
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(HasDetail(status, &retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 5);
  Player again(channel_);
  again.Say(ResumeRequest(opened.opened().resume_token(), 1));
  v1::PlayResponse response;
  ASSERT_TRUE(again.Hear(&response));
  EXPECT_TRUE(response.opened().resumed());
}

TEST_F(LimitsInUseTest, HealthTellsReadinessFromLiveness) {
  for (const char* name :
       {"", "readiness", "liveness", "earshot.v1.PlaybackService",
        "earshot.v1.AdminService"}) {
    EXPECT_EQ(Health(name), "SERVING") << name;
  }
  // It lives until what plays was played.
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  for (int i = 0; i < 50; ++i) player.Say(PacketRequest(i * 480));
  v1::PlayResponse response;
  // A stream that has not begun is not waited for.
  do {
    ASSERT_TRUE(player.call()->Read(&response));
  } while (!response.has_progress());
  std::thread drain([this] { server_->Drain(std::chrono::seconds(10)); });
  ASSERT_TRUE(player.Hear(&response));  // GoAway
  EXPECT_EQ(Health("readiness"), "NOT_SERVING");
  EXPECT_EQ(Health("earshot.v1.PlaybackService"), "NOT_SERVING");
  EXPECT_EQ(Health("liveness"), "SERVING");
  player.Say(EndRequest(50 * 480));
  player.call()->WritesDone();
  player.End();
  drain.join();
}

}  // namespace
}  // namespace earshot
