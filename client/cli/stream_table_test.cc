#include "client/cli/stream_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "client/cli/terminal.h"

namespace earshot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::Stream Playing(const std::string& vm) {
  v1::Stream stream;
  stream.set_name("vms/" + vm + "/streams/0");
  stream.set_state(v1::STREAM_STATE_PLAYING);
  stream.set_latency_ms(41.26);
  stream.set_margin_ms(12.34);
  stream.set_target_margin_ms(10);
  stream.set_underruns_total(3);
  stream.set_clock_ppm(-17.6);
  stream.set_round_trip_ms(0.42);
  stream.set_epochs_total(1);
  stream.mutable_format()->set_rate_hz(44100);
  stream.mutable_format()->set_channels(2);
  stream.set_codec(v1::CODEC_PCM_S16LE);
  stream.set_sink("pulse:alsa_output.pci-0000_00_1f.3.analog-stereo");
  stream.set_client("earshot-device/0.1.0");
  stream.set_peer("ipv4:192.0.2.7:41234");
  return stream;
}

int Widest(const std::vector<std::string>& lines) {
  int widest = 0;
  for (const std::string& line : lines) {
    widest = std::max(widest, WidthOf(line));
  }
  return widest;
}

TEST(StreamTableTest, EightyColumnsShowWhatAnOperatorNeeds) {
  const auto lines = StreamTable({Playing("desk"), Playing("b")}, 80);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_LE(Widest(lines), 80);
  for (const char* title : {"NAME", "STATE", "LEAD ms", "MARGIN/WANT", "UNDER",
                            "PPM", "RTT ms", "SINK"}) {
    EXPECT_THAT(lines[0], HasSubstr(title));
  }
  EXPECT_THAT(lines[1], StartsWith("desk "));
  for (const char* text :
       {"playing", "41.3", "12.3/10.0", " 3 ", "-18", "0.4", "pulse:"}) {
    EXPECT_THAT(lines[1], HasSubstr(text));
  }
}

TEST(StreamTableTest, ALongNameIsCutAndTheFiguresStay) {
  const auto lines = StreamTable({Playing(std::string(63, 'x'))}, 80);
  EXPECT_LE(Widest(lines), 80);
  EXPECT_THAT(lines[1], HasSubstr("12.3/10.0"));
  EXPECT_THAT(lines[1], HasSubstr("\u2026"));
}

TEST(StreamTableTest, ItGrowsWithTheTerminal) {
  const std::vector<v1::Stream> streams = {Playing("desk")};
  EXPECT_THAT(StreamTable(streams, 80)[0], Not(HasSubstr("FORMAT")));
  const auto wide = StreamTable(streams, 200);
  EXPECT_LE(Widest(wide), 200);
  EXPECT_THAT(wide[0], HasSubstr("FORMAT"));
  EXPECT_THAT(wide[1], HasSubstr("44.1 kHz x2 PCM"));
  EXPECT_THAT(wide[1], HasSubstr("192.0.2.7"));
  EXPECT_THAT(wide[1], HasSubstr("analog-stereo"));
}

TEST(StreamTableTest, WithoutATerminalNothingIsCut) {
  const auto lines = StreamTable({Playing(std::string(63, 'x'))}, 0);
  EXPECT_THAT(lines[1], HasSubstr(std::string(63, 'x')));
  EXPECT_THAT(lines[1], HasSubstr("analog-stereo"));
}

TEST(StreamTableTest, WhatIsNotKnownIsADash) {
  v1::Stream idle;
  idle.set_name("vms/a/streams/1");
  idle.set_state(v1::STREAM_STATE_IDLE);
  const auto lines = StreamTable({idle}, 80);
  EXPECT_THAT(lines[1], StartsWith("a/1 "));
  EXPECT_THAT(lines[1], HasSubstr("idle"));
  EXPECT_THAT(lines[1], HasSubstr(" - "));
}

TEST(StreamTableTest, AStrangersWordsDoNotReachTheTerminalAsTheyAre) {
  v1::Stream stream = Playing("a");
  stream.set_client("\x1b]0;owned\x07\nclient");
  for (const std::string& line : StreamTable({stream}, 0)) {
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    EXPECT_THAT(line, Not(HasSubstr("\n")));
  }
}

TEST(StreamLineTest, IsOneLineOfKeysAndValues) {
  EXPECT_EQ(StreamLine(Playing("a")),
            "stream=vms/a/streams/0 state=playing lead_ms=41.3 margin_ms=12.3 "
            "target_margin_ms=10.0 underruns=3 skipped_frames=0 ppm=-18 "
            "rtt_ms=0.4 sink=\"pulse:alsa_output.pci-0000_00_1f.3.analog-"
            "stereo\" why=\"\"");
}

TEST(LatencyTest, TheWholeChainCountsWhereItIsKnown) {
  v1::Stream stream = Playing("a");
  EXPECT_EQ(LatencyMs(stream), 41.26);
  stream.mutable_latency()->set_total_ms(55);
  EXPECT_EQ(LatencyMs(stream), 55);
}

}  // namespace
}  // namespace earshot
