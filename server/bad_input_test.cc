// What clients get wrong, over gRPC: each case ends its call, with a status, a
// reason and a field, and a stream beside it does not notice.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/earshot/v1/playback.grpc.pb.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

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
      {"SurroundWithoutPositions", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->set_channels(6);
       }),
       kInvalid, "BAD_FORMAT", "begin.format.positions"},
      {"MonoAmongOthers", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->set_channels(2);
         r.mutable_begin()->mutable_format()->add_positions(
             v1::CHANNEL_POSITION_MONO);
         r.mutable_begin()->mutable_format()->add_positions(
             v1::CHANNEL_POSITION_FRONT_RIGHT);
       }),
       kInvalid, "BAD_FORMAT", "begin.format.positions"},
      {"APositionTwice", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->set_channels(2);
         for (int i = 0; i < 2; ++i) {
           r.mutable_begin()->mutable_format()->add_positions(
               v1::CHANNEL_POSITION_FRONT_LEFT);
         }
       }),
       kInvalid, "BAD_FORMAT", "begin.format.positions"},
      {"UnknownPosition", begin_with([](R& r) {
         r.mutable_begin()->mutable_format()->set_channels(1);
         r.mutable_begin()->mutable_format()->add_positions(
             static_cast<v1::ChannelPosition>(11));
       }),
       kInvalid, "BAD_FORMAT", "begin.format.positions"},
      // RFC 7845, 5.1.1.2: left, center, right.
      {"OpusInTheOrderOfAlsa", begin_with([](R& r) {
         r.mutable_begin()->set_codec(v1::CODEC_OPUS);
         r.mutable_begin()->mutable_format()->set_channels(3);
         for (const v1::ChannelPosition position :
              {v1::CHANNEL_POSITION_FRONT_LEFT,
               v1::CHANNEL_POSITION_FRONT_RIGHT,
               v1::CHANNEL_POSITION_FRONT_CENTER}) {
           r.mutable_begin()->mutable_format()->add_positions(position);
         }
       }),
       kInvalid, "BAD_FORMAT", "begin.format.positions"},
      {"NegativeGuestRate",
       begin_with([](R& r) { r.mutable_begin()->set_guest_rate_hz(-1); }),
       kInvalid, "BAD_REQUEST", "begin.guest_rate_hz"},
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
             PacketRequest(11520, 5760), PacketRequest(17280, 5760),
             PacketRequest(23040, 5760), PacketRequest(28800, 480)}),
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
      {"VolumeNotSet",
       {open, Request([](R& r) { r.mutable_set_volume(); })},
       kInvalid,
       "BAD_REQUEST",
       "set_volume.volume"},
      {"VolumeNoNumber",
       {open, Request([](R& r) {
          r.mutable_set_volume()->mutable_volume()->set_gain_db(NAN);
        })},
       kInvalid,
       "BAD_REQUEST",
       "set_volume.volume.gain_db"},
      {"VolumeThatAmplifies",
       {open, Request([](R& r) {
          r.mutable_set_volume()->mutable_volume()->set_gain_db(0.5);
        })},
       kInvalid,
       "BAD_REQUEST",
       "set_volume.volume.gain_db"},
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

}  // namespace
}  // namespace earshot
