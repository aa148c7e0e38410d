// What an operator sees and does, over gRPC: filters, pages, a stream in every
// detail, its end by hand, channelz.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "proto/grpc/channelz/v1/channelz.grpc.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// What a WatchStreams call is told, every 100 ms.
class Watching {
 public:
  Watching(v1::AdminService::Stub& admin, const std::string& filter) {
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::seconds(20));
    v1::WatchStreamsRequest request;
    request.set_interval_ms(100);
    request.set_filter(filter);
    reader_ = admin.WatchStreams(&context_, request);
  }
  ~Watching() { context_.TryCancel(); }

  // The next that is no more of the same.
  v1::WatchStreamsResponse Next() {
    v1::WatchStreamsResponse told;
    while (reader_->Read(&told)) {
      if (told.stream().name() == last_.stream().name() &&
          told.gone() == last_.gone()) {
        continue;
      }
      last_ = told;
      return told;
    }
    ADD_FAILURE() << reader_->Finish().error_message();
    return {};
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchStreamsResponse>> reader_;
  v1::WatchStreamsResponse last_;
};

MATCHER_P2(Tells, name, gone, "") {
  return arg.stream().name() == name && arg.gone() == gone;
}

class DiagnosisTest : public EarshotServerTest {
 protected:
  std::unique_ptr<Player> Open(const std::string& name,
                               const std::string& node) {
    auto player = std::make_unique<Player>(channel_);
    player->Say(Changed(OpenRequest(name), [&node](v1::PlayRequest& request) {
      (*request.mutable_open()->mutable_labels())["node"] = node;
    }));
    v1::PlayResponse response;
    EXPECT_TRUE(player->Hear(&response));
    EXPECT_TRUE(response.has_opened());
    return player;
  }

  grpc::Status List(const v1::ListStreamsRequest& request,
                    v1::ListStreamsResponse* response) {
    grpc::ClientContext context;
    return admin_->ListStreams(&context, request, response);
  }

  std::vector<std::string> Names(const std::string& filter) {
    v1::ListStreamsRequest request;
    request.set_filter(filter);
    v1::ListStreamsResponse response;
    const grpc::Status status = List(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> names;
    for (const v1::Stream& stream : response.streams()) {
      names.push_back(stream.name());
    }
    return names;
  }

  grpc::Status Close(const std::string& name, v1::Stream* stream) {
    grpc::ClientContext context;
    v1::CloseStreamRequest request;
    request.set_name(name);
    v1::CloseStreamResponse response;
    const grpc::Status status =
        admin_->CloseStream(&context, request, &response);
    *stream = response.stream();
    return status;
  }
};

TEST_F(DiagnosisTest, AFilterShowsSomeStreams) {
  const auto a = Open("vms/a/streams/0", "n1");
  const auto b = Open("vms/b/streams/0", "n2");
  const auto c = Open("vms/c/streams/0", "n1");
  EXPECT_THAT(Names("labels.node = n1"),
              ElementsAre("vms/a/streams/0", "vms/c/streams/0"));
  EXPECT_THAT(Names("labels.node = n1 AND name : \"/c/\""),
              ElementsAre("vms/c/streams/0"));
  EXPECT_THAT(Names("state = PLAYING"), IsEmpty());
  v1::ListStreamsRequest request;
  request.set_filter("state = ON");
  v1::ListStreamsResponse response;
  const grpc::Status status = List(request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "BAD_FILTER");
  EXPECT_THAT(status.error_message(), StartsWith("filter: at 9: \"ON\""));
}

TEST_F(DiagnosisTest, AWatchTellsOfWhatTheFilterLetsByAndWhenItNoLongerDoes) {
  const auto a = Open("vms/a/streams/0", "n1");
  const auto b = Open("vms/b/streams/0", "n2");
  Watching watch(*admin_, "labels.node = n1 AND state = IDLE");
  EXPECT_THAT(watch.Next(), Tells("vms/a/streams/0", false));
  a->Say(BeginRequest());
  const v1::WatchStreamsResponse gone = watch.Next();
  EXPECT_THAT(gone, Tells("vms/a/streams/0", true));
  EXPECT_EQ(gone.stream().state(), v1::STREAM_STATE_PRIMING);
  // Nobody was told of the other one.
  b->Say(BeginRequest());
  const auto c = Open("vms/c/streams/0", "n1");
  EXPECT_THAT(watch.Next(), Tells("vms/c/streams/0", false));
  a->Say(EndRequest(0));
  EXPECT_THAT(watch.Next(), Tells("vms/a/streams/0", false));
}

TEST_F(DiagnosisTest, AWatchFindsWhatComesToFitWithoutAChangeOfItsState) {
  const auto player = Open(kStream, "n1");
  player->Say(BeginRequest());
  Watching watch(*admin_, "packets > 1 AND state = PRIMING");
  player->Say(PacketRequest(0, 48));
  player->Say(PacketRequest(48, 48));
  EXPECT_EQ(watch.Next().stream().packets(), 2);
}

TEST_F(DiagnosisTest, AWatchTellsWhenTheServerHasForgottenAStream) {
  Player probe(channel_);
  probe.Say(Changed(OpenRequest(), [](v1::PlayRequest& request) {
    request.mutable_open()->set_probe(true);
  }));
  Watching watch(*admin_, "");
  EXPECT_THAT(watch.Next(), Tells("vms/test/probes/0", false));
  probe.call()->WritesDone();
  EXPECT_TRUE(probe.End().ok());
  v1::WatchStreamsResponse told;
  while (!told.gone()) {
    told = watch.Next();
    ASSERT_THAT(told, Tells("vms/test/probes/0", told.gone()));
  }
  EXPECT_EQ(told.stream().state(), v1::STREAM_STATE_UNSPECIFIED);
}

TEST_F(DiagnosisTest, APageHoldsOnlyWithItsFilter) {
  std::vector<std::unique_ptr<Player>> players;
  for (int i = 0; i < 9; ++i) {
    players.push_back(Open("vms/a/streams/" + std::to_string(i),
                           i % 2 == 0 ? "even" : "odd"));
  }
  v1::ListStreamsRequest request;
  request.set_filter("labels.node = even");
  request.set_page_size(2);
  std::vector<std::string> names;
  int pages = 0;
  do {
    v1::ListStreamsResponse response;
    ASSERT_TRUE(List(request, &response).ok());
    for (const v1::Stream& stream : response.streams()) {
      names.push_back(stream.name());
    }
    request.set_page_token(response.next_page_token());
    if (++pages == 1) {
      v1::ListStreamsRequest other = request;
      other.set_filter("labels.node = odd");
      EXPECT_EQ(ErrorInfoOf(List(other, &response)).reason(), "BAD_PAGE_TOKEN");
    }
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(names, ElementsAre("vms/a/streams/0", "vms/a/streams/2",
                                 "vms/a/streams/4", "vms/a/streams/6",
                                 "vms/a/streams/8"));
}

TEST_F(DiagnosisTest, OneStreamInEveryDetail) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  player.Say(Request([](v1::PlayRequest& request) {
    request.mutable_ping()->set_id(1);
    request.mutable_ping()->set_round_trip_us(8000);
    request.mutable_ping()->set_client_delay_us(12000);
  }));
  for (int i = 0; i < 40; ++i) player.Say(PacketRequest(480 * i));
  player.Say(Request([](v1::PlayRequest& request) {
    request.mutable_skip()->set_first_frame(480 * 40);
    request.mutable_skip()->set_frame_count(100);
    request.mutable_skip()->set_reason(v1::Skip::REASON_OVERFLOW);
  }));
  v1::Stream stream;
  ASSERT_TRUE(Await(
      [](const v1::Stream& s) {
        return s.state() == v1::STREAM_STATE_PLAYING && s.skipped_frames() > 0;
      },
      &stream));
  const v1::LatencyChain& latency = stream.latency();
  EXPECT_EQ(latency.client_ms(), 12);
  EXPECT_EQ(latency.network_ms(), 4);
  EXPECT_EQ(latency.queued_ms(), stream.queued_ms());
  EXPECT_NEAR(latency.total_ms(),
              latency.client_ms() + latency.network_ms() + latency.queued_ms() +
                  latency.sink_ms(),
              0.01);
  EXPECT_EQ(stream.skip_reasons_total().overflow(), 100);
  EXPECT_EQ(stream.skip_reasons_total().outage(), 0);
  EXPECT_EQ(stream.peers_size(), 1);
  EXPECT_EQ(stream.peers(0), stream.peer());
  EXPECT_FALSE(stream.principal().empty());
  EXPECT_EQ(stream.underruns_total(),
            stream.underrun_causes_total().network_late());
}

TEST_F(DiagnosisTest, AStreamThatIsClosedByHandPlaysWhatItHas) {
  Player player(channel_);
  player.Say(OpenRequest());
  player.Say(BeginRequest());
  for (int i = 0; i < 40; ++i) player.Say(PacketRequest(480 * i));
  v1::Stream stream;
  ASSERT_TRUE(
      Await([](const v1::Stream& s) { return s.produced_frames() == 480 * 40; },
            &stream));
  ASSERT_TRUE(Close(kStream, &stream).ok());
  EXPECT_EQ(stream.name(), kStream);

  const grpc::Status status = player.End();
  EXPECT_EQ(status.error_code(), StatusCode::ABORTED);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "CLOSED_BY_OPERATOR");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::RetryInfo retry;
  ASSERT_EQ(details.details_size(), 2);
  ASSERT_TRUE(details.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 5);

  ASSERT_TRUE(Await(
      [](const v1::Stream& s) { return s.state() == v1::STREAM_STATE_CLOSED; },
      &stream));
  EXPECT_EQ(stream.played_frames(), 480 * 40);
  EXPECT_THAT(stream.state_reason(), HasSubstr("has closed the stream"));

  // It may come back, as a new stream.
  Player again(channel_);
  again.Say(OpenRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(again.Hear(&response));
  EXPECT_TRUE(response.has_opened());
  EXPECT_FALSE(response.opened().resumed());
}

TEST_F(DiagnosisTest, NoStreamCanBeClosedTwice) {
  v1::Stream stream;
  EXPECT_EQ(ErrorInfoOf(Close("vms/none/streams/0", &stream)).reason(),
            "STREAM_NOT_FOUND");
  EXPECT_EQ(ErrorInfoOf(Close("none", &stream)).reason(), "BAD_NAME");
}

TEST_F(DiagnosisTest, ChannelzShowsTheServerAndItsSockets) {
  namespace z = grpc::channelz::v1;
  const auto player = Open(kStream, "n1");
  const auto stub = z::Channelz::NewStub(channel_);
  z::GetServersResponse servers;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->GetServers(&context, {}, &servers).ok());
  }
  ASSERT_GE(servers.server_size(), 1);
  const z::Server& newest = servers.server(servers.server_size() - 1);
  EXPECT_GT(newest.data().calls_started(), 0);
  {
    grpc::ClientContext context;
    z::GetServersRequest one;
    one.set_max_results(1);
    ASSERT_TRUE(stub->GetServers(&context, one, &servers).ok());
    EXPECT_EQ(servers.server_size(), 1);
  }
  grpc::ClientContext context;
  z::GetSocketRequest request;
  request.set_socket_id(1'000'000);
  z::GetSocketResponse response;
  const grpc::Status status = stub->GetSocket(&context, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "CHANNELZ_NOT_FOUND");
}

}  // namespace
}  // namespace earshot
