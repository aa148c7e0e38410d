#include "server/stream_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/earshot/v1/admin.pb.h"

namespace earshot {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

v1::Stream AStream() {
  v1::Stream stream;
  stream.set_name("vms/desk-1/streams/0");
  stream.set_state(v1::STREAM_STATE_PLAYING);
  stream.set_codec(v1::CODEC_OPUS);
  stream.set_peer("ipv4:10.0.0.7:4711");
  stream.set_epoch(3);
  stream.set_played_frames(9007199254740993);  // 2^53 + 1
  stream.set_guest_buffer_frames(4800);
  stream.set_clock_ppm(-12.5);
  stream.mutable_volume()->set_mute(true);
  stream.mutable_underrun_causes()->set_network_late(2);
  stream.mutable_format()->set_rate_hz(48000);
  stream.mutable_format()->add_positions(v1::CHANNEL_POSITION_FRONT_LEFT);
  stream.mutable_format()->add_positions(v1::CHANNEL_POSITION_FRONT_RIGHT);
  stream.mutable_open_time()->set_seconds(1'800'000'000);  // 2027-01-15T08:00
  stream.add_peers("ipv4:10.0.0.7:4711");
  stream.add_peers("ipv4:10.0.0.8:99");
  (*stream.mutable_labels())["node"] = "n1";
  (*stream.mutable_labels())["k8s.io/pod"] = "a \"b\"";
  return stream;
}

Refusal Parse(const std::string& text, StreamFilter* filter) {
  return StreamFilter::Parse(text, v1::Stream::descriptor(), filter);
}

bool Matches(const std::string& text) {
  StreamFilter filter;
  const Refusal refusal = Parse(text, &filter);
  EXPECT_TRUE(refusal.ok()) << text << ": " << refusal.message;
  return filter.Matches(AStream());
}

std::string Wrong(const std::string& text) {
  StreamFilter filter;
  const Refusal refusal = Parse(text, &filter);
  EXPECT_EQ(refusal.reason, Reason::kBadFilter) << text;
  EXPECT_EQ(refusal.field, "filter");
  return refusal.message;
}

TEST(StreamFilterTest, WhatHolds) {
  for (const char* text : {
           "",
           "  ",
           "state = PLAYING",
           "state=STREAM_STATE_PLAYING",
           "state != IDLE",
           "codec = OPUS",
           "name = \"vms/desk-1/streams/0\"",
           "name = vms/desk-1/streams/0",
           "name : desk",
           "peer : \"10.0.0.7\"",
           "epoch = 3",
           "epoch < 3.5",
           "played_frames = 9007199254740993",
           "played_frames > 9007199254740992",
           "guest_buffer_frames >= 4800",
           "clock_ppm = -12.5",
           "clock_ppm < -12",
           "volume.mute = true",
           "volume.mute != false",
           "underrun_causes.network_late = 2",
           "underrun_causes.outage <= 0",
           "format.rate_hz = 48000",
           "format.positions = FRONT_LEFT",
           "format.positions != LOW_FREQUENCY",
           "open_time > \"2027-01-01T00:00:00Z\"",
           "open_time = \"2027-01-15T09:00:00+01:00\"",
           "peers : \"10.0.0.8\"",
           "labels.node = n1",
           "labels.node = \"n1\"",
           "labels.node : 1",
           "labels.k8s.io/pod = \"a \\\"b\\\"\"",
           "labels.rack != r1",
           "margin_quantiles.p50_ms != 5",
           "state = PLAYING AND labels.node = \"n1\" AND underruns_total < 1",
       }) {
    EXPECT_TRUE(Matches(text)) << text;
  }
}

TEST(StreamFilterTest, WhatDoesNotHold) {
  for (const char* text : {
           "state = IDLE",
           "state != PLAYING",
           "name : Desk",
           "played_frames = 9007199254740992",
           "clock_ppm > 0",
           "volume.mute = false",
           "format.positions = LOW_FREQUENCY",
           "format.positions != FRONT_LEFT",
           "open_time > \"2027-06-01T00:00:00Z\"",
           "peers : \"10.0.0.9\"",
           "peers != \"ipv4:10.0.0.8:99\"",
           "labels.node = n2",
           "labels.node != n1",
           "labels.rack = r1",
           "labels.rack : \"\"",
           // What is not known is not small.
           "margin_quantiles.p50_ms < 5",
           "state = PLAYING AND labels.node = \"n2\"",
       }) {
    EXPECT_FALSE(Matches(text)) << text;
  }
}

TEST(StreamFilterTest, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_THAT(Wrong("foo = 1"), StartsWith("at 1: there is no field \"foo\"; "
                                           "there are name, state, "));
  EXPECT_THAT(Wrong("state = PLAYING AND volume.loud = 1"),
              StartsWith("at 21: there is no field \"volume.loud\""));
  EXPECT_THAT(Wrong("name.x = 1"), StartsWith("at 1: "));
  EXPECT_THAT(Wrong("format = 1"), HasSubstr("rate_hz"));
  EXPECT_THAT(Wrong("labels = 1"), HasSubstr("needs a key"));
  EXPECT_THAT(Wrong("labels. = 1"), HasSubstr("needs a key"));
  EXPECT_THAT(Wrong("state"), StartsWith("at 6: "));
  EXPECT_THAT(Wrong("state ="), StartsWith("at 8: a value is missing"));
  EXPECT_THAT(Wrong("state = LOUD"), HasSubstr("STREAM_STATE_PAUSED"));
  EXPECT_THAT(Wrong("state < PLAYING"), HasSubstr("= !="));
  EXPECT_THAT(Wrong("name < a"), HasSubstr("= != :"));
  EXPECT_THAT(Wrong("epoch : 1"), HasSubstr("<="));
  EXPECT_THAT(Wrong("epoch = one"), HasSubstr("\"one\" is no number"));
  EXPECT_THAT(Wrong("epoch = inf"), HasSubstr("no number"));
  EXPECT_THAT(Wrong("clock_ppm = nan"), HasSubstr("no number"));
  EXPECT_THAT(Wrong("volume.mute = 1"), HasSubstr("neither true nor false"));
  EXPECT_THAT(Wrong("open_time > yesterday"), HasSubstr("no time"));
  EXPECT_THAT(Wrong("name = \"a"), HasSubstr("not closed"));
  EXPECT_THAT(Wrong("name = \"a\\"), HasSubstr("not closed"));
  EXPECT_THAT(Wrong("epoch = 1 OR epoch = 2"), HasSubstr("only AND"));
  EXPECT_THAT(Wrong("epoch = 1 and epoch = 2"), HasSubstr("only AND"));
  EXPECT_THAT(Wrong("epoch = 1 AND"), StartsWith("at 14: a field is missing"));
  EXPECT_THAT(Wrong("(epoch = 1)"), StartsWith("at 1: \"(\" has no meaning"));
  EXPECT_THAT(Wrong("epoch = \x01"), HasSubstr("\\x01"));
}

TEST(StreamFilterTest, IsBounded) {
  EXPECT_THAT(Wrong("name = \"" + std::string(1024, 'a') + "\""),
              HasSubstr("at most 1024"));
  std::string many = "epoch = 1";
  for (int i = 0; i < 15; ++i) many += " AND epoch = 1";
  StreamFilter filter;
  EXPECT_TRUE(Parse(many, &filter).ok());
  EXPECT_THAT(Wrong(many + " AND epoch = 1"), HasSubstr("at most 16 terms"));
}

}  // namespace
}  // namespace earshot
