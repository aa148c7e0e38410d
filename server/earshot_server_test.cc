// The server as clients meet it: over gRPC, at a UNIX socket.
#include "server/earshot_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"

namespace earshot {
namespace {

using Call = grpc::ClientReaderWriter<v1::PlayRequest, v1::PlayResponse>;
using grpc::StatusCode;

constexpr char kStream[] = "vms/test/streams/0";

v1::PlayRequest OpenRequest(const std::string& name = kStream) {
  v1::PlayRequest request;
  request.mutable_open()->set_stream(name);
  return request;
}

v1::PlayRequest ResumeRequest(const std::string& token, uint64_t epoch) {
  v1::PlayRequest request = OpenRequest();
  request.mutable_open()->set_resume_token(token);
  request.mutable_open()->set_epoch(epoch);
  return request;
}

v1::PlayRequest BeginRequest(uint64_t epoch = 1) {
  v1::PlayRequest request;
  v1::Begin& begin = *request.mutable_begin();
  begin.set_epoch(epoch);
  begin.mutable_format()->set_rate_hz(48000);
  begin.mutable_format()->set_channels(1);
  begin.set_codec(v1::CODEC_PCM_S16LE);
  return request;
}

v1::PlayRequest PacketRequest(int64_t first_frame, int frames = 480) {
  v1::PlayRequest request;
  v1::Packet& packet = *request.mutable_packet();
  packet.set_first_frame(first_frame);
  packet.set_frame_count(frames);
  packet.set_payload(std::string(static_cast<size_t>(frames) * 2, '\1'));
  return request;
}

v1::PlayRequest EndRequest(int64_t end_frame) {
  v1::PlayRequest request;
  request.mutable_end()->set_end_frame(end_frame);
  return request;
}

v1::PlayRequest Changed(v1::PlayRequest request,
                        const std::function<void(v1::PlayRequest&)>& change) {
  change(request);
  return request;
}

v1::PlayRequest Request(const std::function<void(v1::PlayRequest&)>& change) {
  return Changed({}, change);
}

google::rpc::ErrorInfo ErrorInfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.details_size(), 1);
  google::rpc::ErrorInfo info;
  if (details.details_size() == 1) {
    EXPECT_TRUE(details.details(0).UnpackTo(&info));
  }
  EXPECT_EQ(info.domain(), "earshot.v1");
  return info;
}

// One Play call.
class Player {
 public:
  explicit Player(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::PlaybackService::NewStub(channel)),
        call_(stub_->Play(&context_)) {
    context_.set_wait_for_ready(true);
  }

  ~Player() { context_.TryCancel(); }

  void Say(const v1::PlayRequest& request) { call_->Write(request); }

  // The next response that is no Progress; false at the end of the call.
  bool Hear(v1::PlayResponse* response) {
    while (call_->Read(response)) {
      if (!response->has_progress()) return true;
    }
    return false;
  }

  // Waits for the end of the call.
  grpc::Status End() {
    v1::PlayResponse response;
    while (call_->Read(&response)) {
    }
    return call_->Finish();
  }

  Call* call() { return call_.get(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::PlaybackService::Stub> stub_;
  std::unique_ptr<Call> call_;
};

class EarshotServerTest : public testing::Test {
 protected:
  void SetUp() override {
    // Short: a UNIX socket's path has 107 bytes at most.
    char folder[] = "/tmp/earshot-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    Start();
  }

  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Start() {
    auto server = EarshotServer::Start(
        {*ParseListenAddresses(Address()),
         *SinkFactory::Create("wav:" + folder_ + "/recordings"),
         PlayoutConfig(), "test", open_timeout_, resume_timeout_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ =
        grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials());
    admin_ = v1::AdminService::NewStub(channel_);
  }

  std::string Address() const { return "unix:" + folder_ + "/s"; }

  grpc::Status Get(const std::string& name, v1::Stream* stream) {
    grpc::ClientContext context;
    v1::GetStreamRequest request;
    request.set_name(name);
    v1::GetStreamResponse response;
    const grpc::Status status = admin_->GetStream(&context, request, &response);
    *stream = response.stream();
    return status;
  }

  // Polls until the stream is as wanted.
  bool Await(const std::function<bool(const v1::Stream&)>& wanted,
             v1::Stream* stream) {
    for (int i = 0; i < 1000; ++i) {
      if (Get(kStream, stream).ok() && wanted(*stream)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  int OpenStreams() {
    grpc::ClientContext context;
    v1::GetServerInfoResponse info;
    EXPECT_TRUE(admin_->GetServerInfo(&context, {}, &info).ok());
    return info.open_streams();
  }

  std::string folder_;
  // Starts the server anew, as the test has changed its options.
  void Restart() {
    server_.reset();
    Start();
  }

  std::chrono::milliseconds open_timeout_ = std::chrono::minutes(1);
  std::chrono::milliseconds resume_timeout_ = std::chrono::minutes(1);
  std::unique_ptr<EarshotServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

TEST_F(EarshotServerTest, PlaysAnEpochAndKeepsItsAccounting) {
  Player player(channel_);
  player.Say(OpenRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(player.Hear(&response));
  EXPECT_FALSE(response.opened().resume_token().empty());
  EXPECT_EQ(response.opened().limits().initial_window_ms(), 200);
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

// --- Bad input: each case ends its call, with a status, a reason and a field,
// and a stream beside it does not notice.

struct BadInput {
  const char* name;
  std::vector<v1::PlayRequest> requests;
  StatusCode code;
  const char* reason;
  const char* field;
};

std::vector<BadInput> BadInputs() {
  const v1::PlayRequest open = OpenRequest("vms/bad/streams/1");
  const v1::PlayRequest begin = BeginRequest();
  const auto open_with = [&open](auto change) {
    return std::vector{Changed(open, change)};
  };
  const auto begin_with = [&](auto change) {
    return std::vector{open, Changed(begin, change)};
  };
  const auto then = [&](std::vector<v1::PlayRequest> more) {
    more.insert(more.begin(), {open, begin});
    return more;
  };
  using R = v1::PlayRequest;
  constexpr auto kInvalid = StatusCode::INVALID_ARGUMENT;
  constexpr auto kRange = StatusCode::OUT_OF_RANGE;
  constexpr auto kOrder = StatusCode::FAILED_PRECONDITION;
  constexpr auto kBound = StatusCode::RESOURCE_EXHAUSTED;
  return {
      {"Empty", {R()}, kInvalid, "BAD_REQUEST", "request"},
      {"BeginBeforeOpen", {begin}, kOrder, "OPEN_FIRST", "open"},
      {"PacketBeforeOpen", {PacketRequest(0)}, kOrder, "OPEN_FIRST", "open"},
      {"SecondOpen", {open, open}, kOrder, "ALREADY_OPEN", "open"},
      {"EmptyName", {OpenRequest("")}, kInvalid, "BAD_NAME", "open.stream"},
      {"NameWithSlashes",
       {OpenRequest("vms/a/b/streams/0")},
       kInvalid,
       "BAD_NAME",
       "open.stream"},
      {"NameThatLeavesTheFolder",
       {OpenRequest("vms/../streams/../0")},
       kInvalid,
       "BAD_NAME",
       "open.stream"},
      {"LongName",
       {OpenRequest("vms/" + std::string(64, 'a') + "/streams/0")},
       kInvalid,
       "BAD_NAME",
       "open.stream"},
      {"IdNoNumber",
       {OpenRequest("vms/a/streams/x")},
       kInvalid,
       "BAD_NAME",
       "open.stream"},
      {"NegativeNextFrame", open_with([](R& r) {
         r.mutable_open()->set_epoch(1);
         r.mutable_open()->set_next_frame(-1);
       }),
       kRange, "POSITION_TOO_LARGE", "open.next_frame"},
      {"NextFrameWithoutEpoch",
       open_with([](R& r) { r.mutable_open()->set_next_frame(1); }), kInvalid,
       "BAD_REQUEST", "open.next_frame"},
      {"ManyLabels", open_with([](R& r) {
         for (int i = 0; i < 17; ++i) {
           (*r.mutable_open()->mutable_labels())[std::to_string(i)] = "";
         }
       }),
       kInvalid, "BAD_REQUEST", "open.labels"},
      {"LongLabel", open_with([](R& r) {
         (*r.mutable_open()->mutable_labels())["a"] = std::string(64, 'x');
       }),
       kInvalid, "BAD_REQUEST", "open.labels"},
      {"LongToken", open_with([](R& r) {
         r.mutable_open()->set_resume_token(std::string(65, 'x'));
       }),
       kInvalid, "BAD_REQUEST", "open.resume_token"},
      {"EpochZero", begin_with([](R& r) { r.mutable_begin()->set_epoch(0); }),
       kInvalid, "BAD_REQUEST", "begin.epoch"},
      {"NoCodec", begin_with([](R& r) {
         r.mutable_begin()->set_codec(v1::CODEC_UNSPECIFIED);
       }),
       kInvalid, "BAD_CODEC", "begin.codec"},
      {"UnknownCodec", begin_with([](R& r) {
         r.mutable_begin()->set_codec(static_cast<v1::Codec>(99));
       }),
       kInvalid, "BAD_CODEC", "begin.codec"},
      {"NoFormat", begin_with([](R& r) { r.mutable_begin()->clear_format(); }),
       kInvalid, "BAD_FORMAT", "begin.format.channels"},
      {"NineChannels", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->set_channels(9);
       }),
       kInvalid, "BAD_FORMAT", "begin.format.channels"},
      {"OpusAt44100", begin_with([](R& r) {
         r.mutable_begin()->set_codec(v1::CODEC_OPUS);
         r.mutable_begin()->mutable_format()->set_rate_hz(44100);
       }),
       kInvalid, "BAD_FORMAT", "begin.format.rate_hz"},
      {"RateZero", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->set_rate_hz(0);
       }),
       kInvalid, "BAD_FORMAT", "begin.format.rate_hz"},
      {"HugeRate", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->set_rate_hz(INT32_MAX);
       }),
       kInvalid, "BAD_FORMAT", "begin.format.rate_hz"},
      {"PositionsForOtherChannels", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->add_positions(
             v1::CHANNEL_POSITION_FRONT_LEFT);
         r.mutable_begin()->mutable_format()->add_positions(
             v1::CHANNEL_POSITION_FRONT_RIGHT);
       }),
       kInvalid, "BAD_FORMAT", "begin.format.positions"},
      {"PreSkipForPcm",
       begin_with([](R& r) { r.mutable_begin()->set_pre_skip_frames(1); }),
       kInvalid, "BAD_REQUEST", "begin.pre_skip_frames"},
      {"NegativePreRoll",
       begin_with([](R& r) { r.mutable_begin()->set_pre_roll_frames(-1); }),
       kInvalid, "BAD_REQUEST", "begin.pre_roll_frames"},
      {"LongPreRoll",
       begin_with([](R& r) { r.mutable_begin()->set_pre_roll_frames(5761); }),
       kInvalid, "BAD_REQUEST", "begin.pre_roll_frames"},
      {"FramesWithinThePreRoll",
       {open,
        Changed(begin,
                [](R& r) { r.mutable_begin()->set_pre_roll_frames(960); }),
        PacketRequest(0)},
       kInvalid,
       "BAD_FRAME_COUNT",
       "packet.frame_count"},
      {"NoFramesBehindThePreRoll",
       {open,
        Changed(begin,
                [](R& r) { r.mutable_begin()->set_pre_roll_frames(479); }),
        Changed(PacketRequest(0),
                [](R& r) { r.mutable_packet()->set_frame_count(0); })},
       kInvalid,
       "BAD_FRAME_COUNT",
       "packet.frame_count"},
      {"ClockThatIsNoNumber",
       {open, Request([](R& r) { r.mutable_ping()->set_clock_ppm(NAN); })},
       kInvalid,
       "BAD_REQUEST",
       "ping.clock_ppm"},
      {"WildClock",
       {open, Request([](R& r) { r.mutable_ping()->set_clock_ppm(-2e6); })},
       kInvalid,
       "BAD_REQUEST",
       "ping.clock_ppm"},
      {"NegativeRoundTrip",
       {open, Request([](R& r) { r.mutable_ping()->set_round_trip_us(-1); })},
       kInvalid,
       "BAD_REQUEST",
       "ping.round_trip_us"},
      {"EndlessRoundTrip",
       {open,
        Request([](R& r) { r.mutable_ping()->set_round_trip_us(INT64_MAX); })},
       kInvalid,
       "BAD_REQUEST",
       "ping.round_trip_us"},
      {"NegativeGuestBuffer",
       begin_with([](R& r) { r.mutable_begin()->set_guest_buffer_frames(-1); }),
       kInvalid, "BAD_REQUEST", "begin.guest_buffer_frames"},
      {"PacketBeforeBegin",
       {open, PacketRequest(0)},
       kOrder,
       "NO_EPOCH",
       "packet"},
      {"EndBeforeBegin", {open, EndRequest(0)}, kOrder, "NO_EPOCH", "end"},
      {"PauseBeforeBegin",
       {open, Request([](R& r) { r.mutable_pause(); })},
       kOrder,
       "NO_EPOCH",
       "pause"},
      {"ResumeBeforeBegin",
       {open, Request([](R& r) { r.mutable_resume(); })},
       kOrder,
       "NO_EPOCH",
       "resume"},
      {"SilenceBeforeBegin",
       {open, Request([](R& r) { r.mutable_silence(); })},
       kOrder,
       "NO_EPOCH",
       "silence"},
      {"SkipBeforeBegin",
       {open, Request([](R& r) { r.mutable_skip(); })},
       kOrder,
       "NO_EPOCH",
       "skip"},
      {"BeginInEpoch", then({BeginRequest(2)}), kOrder, "EPOCH_UNDER_WAY",
       "begin.epoch"},
      {"EpochAgain", then({EndRequest(0), BeginRequest(1)}), kInvalid,
       "EPOCH_NOT_NEWER", "begin.epoch"},
      {"PacketAfterEnd", then({EndRequest(0), PacketRequest(0)}), kOrder,
       "NO_EPOCH", "packet"},
      {"EmptyPayload",
       then({Changed(PacketRequest(0),
                     [](R& r) { r.mutable_packet()->clear_payload(); })}),
       kInvalid, "BAD_PAYLOAD", "packet.payload"},
      {"BigPayload", then({PacketRequest(0, 30721)}), kBound,
       "PAYLOAD_TOO_LARGE", "packet.payload"},
      {"NoOpusPacket",
       {open,
        Changed(begin,
                [](R& r) { r.mutable_begin()->set_codec(v1::CODEC_OPUS); }),
        Changed(PacketRequest(0),
                [](R& r) { r.mutable_packet()->set_payload("\xff"); })},
       kInvalid,
       "BAD_PAYLOAD",
       "packet.payload"},
      {"FrameCountZero",
       then({Changed(PacketRequest(0),
                     [](R& r) { r.mutable_packet()->set_frame_count(0); })}),
       kInvalid, "BAD_FRAME_COUNT", "packet.frame_count"},
      {"FrameCountNegative",
       then({Changed(PacketRequest(0),
                     [](R& r) { r.mutable_packet()->set_frame_count(-1); })}),
       kInvalid, "BAD_FRAME_COUNT", "packet.frame_count"},
      {"FrameCountTooLarge",
       then({Changed(PacketRequest(0),
                     [](R& r) { r.mutable_packet()->set_frame_count(481); })}),
       kInvalid, "BAD_FRAME_COUNT", "packet.frame_count"},
      {"Overlap", then({PacketRequest(0), PacketRequest(479)}), kRange,
       "NOT_CONTIGUOUS", "packet.first_frame"},
      {"Gap", then({PacketRequest(0), PacketRequest(481)}), kRange,
       "NOT_CONTIGUOUS", "packet.first_frame"},
      {"NegativePosition", then({PacketRequest(-480)}), kRange,
       "POSITION_TOO_LARGE", "packet.first_frame"},
      {"HugePosition", then({PacketRequest(INT64_MAX - 1)}), kRange,
       "POSITION_TOO_LARGE", "packet.first_frame"},
      {"Ungranted",
       then({PacketRequest(0, 5760), PacketRequest(5760, 5760),
             PacketRequest(11520, 5760), PacketRequest(17280, 5760)}),
       kBound, "NOT_GRANTED", "packet.first_frame"},
      {"SkipOfNothing",
       then({Request([](R& r) { r.mutable_skip()->set_frame_count(0); })}),
       kInvalid, "BAD_FRAME_COUNT", "skip.frame_count"},
      {"HugeSkip", then({Request([](R& r) {
         r.mutable_skip()->set_frame_count(INT64_MAX);
       })}),
       kRange, "POSITION_TOO_LARGE", "skip.first_frame"},
      {"SilenceElsewhere",
       then({Request([](R& r) { r.mutable_silence()->set_first_frame(1); })}),
       kRange, "NOT_CONTIGUOUS", "silence.first_frame"},
      {"EndElsewhere", then({EndRequest(1)}), kRange, "NOT_CONTIGUOUS",
       "end.end_frame"},
      {"EndFarInSilence",
       then({Request([](R& r) { r.mutable_silence(); }), EndRequest(1 << 30)}),
       kBound, "NOT_GRANTED", "end.end_frame"},
  };
}

TEST_F(EarshotServerTest, BadInputEndsTheCallAndNoOther) {
  Player beside(channel_);
  beside.Say(OpenRequest());
  beside.Say(BeginRequest());
  beside.Say(PacketRequest(0));
  for (const BadInput& bad : BadInputs()) {
    SCOPED_TRACE(bad.name);
    Player player(channel_);
    for (const v1::PlayRequest& request : bad.requests) player.Say(request);
    const grpc::Status status = player.End();
    EXPECT_EQ(status.error_code(), bad.code) << status.error_message();
    const google::rpc::ErrorInfo info = ErrorInfoOf(status);
    EXPECT_EQ(info.reason(), bad.reason);
    EXPECT_EQ(info.metadata().at("field"), bad.field);
  }
  beside.Say(EndRequest(480));
  v1::PlayResponse response;
  ASSERT_TRUE(beside.Hear(&response));
  ASSERT_TRUE(beside.Hear(&response));
  EXPECT_EQ(response.drained().played_frame(), 480);
}

TEST_F(EarshotServerTest, ACallThatSaysNothingIsToldWhatItMisses) {
  Player player(channel_);
  player.call()->WritesDone();
  EXPECT_EQ(ErrorInfoOf(player.End()).reason(), "OPEN_FIRST");
}

TEST_F(EarshotServerTest, ACallThatNeverSaysOpenIsEnded) {
  open_timeout_ = std::chrono::milliseconds(50);
  Restart();
  Player open(channel_);
  open.Say(OpenRequest());
  v1::PlayResponse response;
  ASSERT_TRUE(open.Hear(&response));
  Player silent(channel_);
  const grpc::Status status = silent.End();
  EXPECT_EQ(status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "OPEN_TIMEOUT");
  EXPECT_EQ(OpenStreams(), 1);
}

TEST_F(EarshotServerTest, BytesThatAreNoMessageAreNoEndOfTheStream) {
  Player player(channel_);
  grpc::ClientContext context;
  using Bytes = grpc::ByteBuffer;
  const grpc::internal::RpcMethod play(
      "/earshot.v1.PlaybackService/Play",
      grpc::internal::RpcMethod::BIDI_STREAMING, channel_);
  const std::unique_ptr<grpc::ClientReaderWriter<Bytes, Bytes>> call(
      grpc::internal::ClientReaderWriterFactory<Bytes, Bytes>::Create(
          channel_.get(), play, &context));
  const auto say = [&call](const std::string& bytes) {
    const grpc::Slice slice(bytes);
    call->Write(Bytes(&slice, 1));
  };
  say(OpenRequest().SerializeAsString());
  say(BeginRequest().SerializeAsString());
  say("\xff\xff\xff");
  Bytes response;
  while (call->Read(&response)) {
  }
  const grpc::Status status = call->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "BAD_REQUEST");
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("field"), "request");
}

TEST_F(EarshotServerTest, StreamsThatAreGoneAsSoonAsOpenedLeaveNothing) {
  for (int i = 0; i < 500; ++i) {
    Player player(channel_);
    player.Say(OpenRequest("vms/gone/streams/" + std::to_string(i)));
    // Somewhere between before and after the server's Open.
    for (int j = 0; j < i % 50; ++j) std::this_thread::yield();
  }
  int open = -1;
  for (int i = 0; i < 1000 && open != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    open = OpenStreams();
  }
  EXPECT_EQ(open, 0);
}

// --- Calls that go on where others ended.

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
  for (int i = 0; i < 200; ++i) {
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

// --- The end of a server.

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

TEST_F(EarshotServerTest, AnAddressInUseIsAnErrorAndAStaleSocketIsNot) {
  auto second = EarshotServer::Start({*ParseListenAddresses(Address()),
                                      *SinkFactory::Create("null"),
                                      PlayoutConfig(), "test"});
  EXPECT_EQ(second.status().message(),
            "another process listens at " + folder_ + "/s");
  server_.reset();
  // Somebody has died and left his socket behind.
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (folder_ + "/s").copy(address.sun_path, sizeof(address.sun_path) - 1);
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
