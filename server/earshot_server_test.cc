// The server as clients meet it: over gRPC, at a UNIX socket.
#include "server/earshot_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

TEST_F(EarshotServerTest, PlaysAnEpochAndKeepsItsAccounting) {
  Player player(channel_);
  player.Say(OpenRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_FALSE(response.opened().resume_token().empty());
  EXPECT_EQ(response.opened().limits().initial_window_ms(), 600);
  EXPECT_EQ(response.opened().limits().max_channels(), 8);
  EXPECT_FALSE(response.opened().resumed());
  player.Say(BeginRequest());
  for (int i = 0; i < 20; ++i) player.Say(PacketRequest(i * 480));
  player.Say(EndRequest(9600));
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_EQ(response.drained().epoch(), 1u);
  EXPECT_EQ(response.drained().played_frame(), 9600);
  player.call()->WritesDone();
  EXPECT_TRUE(player.End().ok());

  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_CLOSED; },
      &stream));
  EXPECT_EQ(stream.produced_frames(), 9600);
  EXPECT_EQ(stream.played_frames(), 9600);
  EXPECT_EQ(stream.packets(), 20);
  const std::string file = stream.sink().substr(4);
  EXPECT_EQ(std::filesystem::file_size(file), 80u + 9600 * 2);
}

TEST_F(EarshotServerTest, RecordsSurroundAndSaysWhatTheGuestPlays) {
  Player player(channel_);
  player.Say(OpenRequest());
  v1::PlayRequest begin = BeginRequest();
  v1::PcmFormat& format = *begin.mutable_begin()->mutable_format();
  format.set_rate_hz(192000);
  format.set_channels(4);
  for (const v1::ChannelPosition position :
       {v1::CHANNEL_POSITION_REAR_LEFT, v1::CHANNEL_POSITION_REAR_RIGHT,
        v1::CHANNEL_POSITION_FRONT_LEFT, v1::CHANNEL_POSITION_FRONT_RIGHT}) {
    format.add_positions(position);
  }
  begin.mutable_begin()->set_guest_rate_hz(44100);
  player.Say(begin);
  v1::PlayRequest packet = PacketRequest(0, 1000);
  packet.mutable_packet()->set_payload(std::string(8000, '\1'));
  player.Say(packet);
  player.Say(EndRequest(1000));
  player.call()->WritesDone();
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_CLOSED; },
      &stream));
  EXPECT_EQ(stream.guest_rate_hz(), 44100);
  EXPECT_EQ(stream.format().channels(), 4);
  EXPECT_EQ(stream.format().positions(0), v1::CHANNEL_POSITION_REAR_LEFT);
  EXPECT_EQ(stream.played_frames(), 1000);
  EXPECT_EQ(std::filesystem::file_size(stream.sink().substr(4)),
            80u + 24 + 8000);
}

TEST_F(EarshotServerTest, PlaysWhatABrokenCallHasLeft) {
  resume_timeout_ = std::chrono::milliseconds(100);
  Restart();
  {
    Player player(channel_);
    player.Say(OpenRequest());
    player.Say(BeginRequest());
    for (int i = 0; i < 20; ++i) player.Say(PacketRequest(i * 480));
    v1::Stream stream;
    ASSERT_TRUE(
        Await([](const v1::Stream& s) { return s.produced_frames() == 9600; },
              &stream));
  }  // cancelled
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_CLOSED; },
      &stream));
  EXPECT_EQ(stream.played_frames(), 9600);
  EXPECT_EQ(stream.queued_frames(), 0);
}

TEST_F(EarshotServerTest, AnEpochGoesOnWhereAnEarlierCallEnded) {
  Player player(channel_);
  v1::PlayRequest open = OpenRequest();
  open.mutable_open()->set_epoch(3);
  open.mutable_open()->set_next_frame(5000);
  player.Say(open);
  player.Say(BeginRequest(3));
  player.Say(PacketRequest(5000));
  player.Say(EndRequest(5480));
  v1::PlayResponse response;
  ASSERT_TRUE(player.Hear(&response));
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 5480);
}

TEST_F(EarshotServerTest, ASecondOpenTakesTheStreamOver) {
  Player first(channel_);
  first.Say(OpenRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(first.Hear(&response));
  Player second(channel_);
  second.Say(OpenRequest());
  ASSERT_TRUE(second.Hear(&response));
  const grpc::Status status = first.End();
  EXPECT_EQ(status.error_code(), StatusCode::ABORTED);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "TAKEN_OVER");
  v1::Stream stream;
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_EQ(stream.state(), v1::STREAM_STATE_IDLE);
}

TEST_F(EarshotServerTest, AnswersPings) {
  Player player(channel_);
  player.Say(OpenRequest());
  v1::PlayRequest ping;
  ping.mutable_ping()->set_id(42);
  player.Say(ping);
  v1::PlayResponse response;
  while (player.call()->Read(&response) && !response.progress().has_ping_id()) {
  }
  EXPECT_EQ(response.progress().ping_id(), 42u);
}

TEST_F(EarshotServerTest, AReaderThatDoesNotReadDisturbsNobody) {
  Player lazy(channel_);
  lazy.Say(OpenRequest("vms/lazy/streams/0"));
  lazy.Say(BeginRequest());
  v1::PlayRequest ping;
  for (int i = 0; i < 20000; ++i) {
    ping.mutable_ping()->set_id(static_cast<uint64_t>(i));
    lazy.Say(ping);
  }
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  player.Say(PacketRequest(0));
  player.Say(EndRequest(480));
  v1::PlayResponse response;
  ASSERT_TRUE(player.Hear(&response));
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_TRUE(response.has_drained());
}

// --- AdminService.

TEST_F(EarshotServerTest, ExplainsAGlitchInOneCall) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(Request([](v1::PlayRequest& r) {
    r.mutable_ping()->set_clock_ppm(-12.5);
    r.mutable_ping()->set_round_trip_us(2500);
  }));
  v1::PlayRequest begin = BeginRequest();
  begin.mutable_begin()->set_low_latency(true);
  player.Say(begin);
  player.Say(PacketRequest(0, 2400));
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) {
        return s.state_reason().find("underrun") == 0;
      },
      &stream));
  player.Say(PacketRequest(2400, 2400));
  ASSERT_TRUE(
      Await([](const v1::Stream& s) { return s.underruns() == 1; }, &stream));
  EXPECT_EQ(stream.clock_ppm(), -12.5);
  EXPECT_EQ(stream.round_trip_ms(), 2.5);
  EXPECT_FALSE(stream.target_margin_reason().empty());
  EXPECT_GT(stream.target_margin_ms(), 0);
  EXPECT_EQ(stream.latency_ms(), stream.queued_ms());  // a file has no latency
  const v1::UnderrunCauses& causes = stream.underrun_causes();
  EXPECT_EQ(causes.network_late() + causes.source_starved() + causes.outage() +
                causes.server_overload(),
            1);
}

TEST_F(EarshotServerTest, ListsStreamsPageByPage) {
  std::vector<std::unique_ptr<Player>> players;
  v1::PlayResponse opened;
  for (int i = 0; i < 5; ++i) {
    players.push_back(std::make_unique<Player>(channel_));
    players.back()->Say(OpenRequest("vms/a/streams/" + std::to_string(4 - i)));
    ASSERT_TRUE(players.back()->Hear(&opened));
  }
  std::vector<std::string> names;
  std::string token;
  int pages = 0;
  do {
    grpc::ClientContext context;
    v1::ListStreamsRequest request;
    request.set_page_size(2);
    request.set_page_token(token);
    v1::ListStreamsResponse response;
    ASSERT_TRUE(admin_->ListStreams(&context, request, &response).ok());
    for (const v1::Stream& stream : response.streams()) {
      names.push_back(stream.name());
    }
    token = response.next_page_token();
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(names, testing::ElementsAre("vms/a/streams/0", "vms/a/streams/1",
                                          "vms/a/streams/2", "vms/a/streams/3",
                                          "vms/a/streams/4"));
}

TEST_F(EarshotServerTest, RefusesBadPages) {
  v1::ListStreamsResponse response;
  for (const char* token : {"x", "djE6", "djE6Li4v", "====", "\n"}) {
    grpc::ClientContext context;
    v1::ListStreamsRequest request;
    request.set_page_token(token);
    const grpc::Status status =
        admin_->ListStreams(&context, request, &response);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << token;
    EXPECT_EQ(ErrorInfoOf(status).metadata().at("field"), "page_token");
  }
  grpc::ClientContext context;
  v1::ListStreamsRequest request;
  request.set_page_size(-1);
  EXPECT_EQ(ErrorInfoOf(admin_->ListStreams(&context, request, &response))
                .metadata()
                .at("field"),
            "page_size");
}

TEST_F(EarshotServerTest, SaysWhichStreamIsNotThere) {
  v1::Stream stream;
  grpc::Status status = Get("vms/nobody/streams/0", &stream);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "STREAM_NOT_FOUND");
  status = Get("nonsense", &stream);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("field"), "name");
}

TEST_F(EarshotServerTest, WatchersSeeStreamsComeAndChange) {
  grpc::ClientContext context;
  v1::WatchStreamsRequest request;
  request.set_interval_ms(3600000);
  auto watch = admin_->WatchStreams(&context, request);
  Player player(channel_);
  player.Say(OpenRequest());
  v1::WatchStreamsResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.stream().state(), v1::STREAM_STATE_IDLE);
  player.Say(BeginRequest());
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.stream().state(), v1::STREAM_STATE_PRIMING);
  std::thread stop([this] { server_.reset(); });
  while (watch->Read(&seen)) {
  }
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAVAILABLE);
  stop.join();
}

TEST_F(EarshotServerTest, RefusesBadWatches) {
  for (const bool bad_name : {false, true}) {
    grpc::ClientContext context;
    v1::WatchStreamsRequest request;
    if (bad_name) {
      request.set_name("x");
    } else {
      request.set_interval_ms(99);
    }
    auto watch = admin_->WatchStreams(&context, request);
    v1::WatchStreamsResponse seen;
    EXPECT_FALSE(watch->Read(&seen));
    EXPECT_EQ(ErrorInfoOf(watch->Finish()).metadata().at("field"),
              bad_name ? "name" : "interval_ms");
  }
}

TEST_F(EarshotServerTest, TellsAboutItself) {
  grpc::ClientContext context;
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(admin_->GetServerInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.version(), "test");
  EXPECT_EQ(info.listen_addresses(0), Address());
  EXPECT_FALSE(info.draining());
}

TEST_F(EarshotServerTest, HealthIsPerService) {
  auto health = grpc::health::v1::Health::NewStub(channel_);
  for (const char* service :
       {"", "earshot.v1.PlaybackService", "earshot.v1.AdminService"}) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    ASSERT_TRUE(health->Check(&context, request, &response).ok()) << service;
    EXPECT_EQ(response.status(),
              grpc::health::v1::HealthCheckResponse::SERVING);
  }
}

TEST_F(EarshotServerTest, AnAddressInUseIsAnErrorAndAStaleSocketIsNot) {
  auto second = EarshotServer::Start({*ParseListenAddresses(Address()),
                                      *SinkFactory::Create("null"),
                                      PlayoutConfig(), "test"});
  EXPECT_EQ(second.status().message(),
            "another process listens at " + folder_ / "s");
  server_.reset();
  // Somebody has died and left his socket behind.
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (folder_ / "s").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
            0);
  close(fd);
  Start();
}

TEST_F(EarshotServerTest, SaysWhyItCannotListen) {
  const auto first = EarshotServer::Start({*ParseListenAddresses("127.0.0.1:0"),
                                           *SinkFactory::Create("null"),
                                           PlayoutConfig(), "test"});
  ASSERT_TRUE(first.ok());
  const std::string address = (*first)->addresses()[0];
  const auto second = EarshotServer::Start({*ParseListenAddresses(address),
                                            *SinkFactory::Create("null"),
                                            PlayoutConfig(), "test"});
  EXPECT_EQ(second.status().message(),
            "cannot listen at " + address + ": address already in use");
}

}  // namespace
}  // namespace earshot
