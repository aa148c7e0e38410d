#include "client/cli/stream_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Stream Known() {
  v1::Stream stream;
  stream.set_name("vms/desk/streams/0");
  stream.set_state(v1::STREAM_STATE_PRIMING);
  stream.set_state_reason("underrun: no packet for 12 ms");
  stream.set_principal("spiffe://example.org/vm/desk");
  stream.set_client("earshot-device/0.1.0");
  stream.set_peer("ipv4:192.0.2.7:41234");
  stream.add_peers("ipv4:192.0.2.7:41234");
  stream.add_peers("ipv4:192.0.2.7:41111");
  (*stream.mutable_labels())["node"] = "n1";
  stream.mutable_open_time()->set_seconds(1000);
  stream.set_epoch(2);
  stream.set_epochs_total(2);
  stream.mutable_format()->set_rate_hz(48000);
  stream.mutable_format()->set_channels(2);
  stream.set_codec(v1::CODEC_OPUS);
  stream.set_guest_buffer_frames(7680);
  stream.set_guest_period_frames(1920);
  stream.set_sink("null");
  stream.set_recording("/srv/desk-0-e2.opus");
  stream.mutable_volume()->set_gain_db(-20);
  stream.mutable_latency()->set_client_ms(12.5);
  stream.mutable_latency()->set_total_ms(44.4);
  stream.set_margin_ms(8.1);
  stream.set_target_margin_ms(21.5);
  stream.set_target_margin_reason("a packet was 14 ms late 35 s ago");
  stream.mutable_margin_quantiles()->set_min_ms(-3.2);
  stream.set_clock_ppm(-17.5);
  stream.set_round_trip_ms(0.4);
  stream.set_produced_frames(48000);
  stream.set_played_frames(47000);
  stream.set_queued_frames(1000);
  stream.set_underruns(1);
  stream.set_underruns_total(3);
  stream.mutable_underrun_causes()->set_network_late(1);
  stream.mutable_underrun_causes_total()->set_outage(2);
  stream.set_skipped_frames_total(960);
  stream.mutable_skip_reasons_total()->set_outage(960);
  return stream;
}

TEST(StreamTextTest, SaysEverythingInWords) {
  const std::string text = StreamText(Known(), 1300);
  for (const char* words :
       {"vms/desk/streams/0: priming (underrun: no packet for 12 ms)\n",
        "spiffe://example.org/vm/desk", "192.0.2.7:41111", "node=n1",
        "1970-01-01 00:16:40 UTC, 5 min ago", "48000 Hz, 2 channels, Opus",
        "/srv/desk-0-e2.opus", "7680 (160.0 ms)", "1920 (40.0 ms)", "-20 dB",
        "44.4 ms", "12.5 ms", "a packet was 14 ms late 35 s ago",
        "never below -3.2 ms", "-17.5 ppm", "48000 (1.0 s)",
        "1 in this epoch: came too late over the", "3 in all: outage 2",
        "960 frames in all: outage 960"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
}

TEST(StreamTextTest, OfAStreamWithoutAnEpochNothingIsMadeUp) {
  v1::Stream stream;
  stream.set_name("vms/a/streams/0");
  stream.set_state(v1::STREAM_STATE_IDLE);
  const std::string text = StreamText(stream, 0);
  EXPECT_THAT(text, HasSubstr("idle"));
  for (const char* words : {"Margin", "Frames", "Hz", "Delay", "Clock"}) {
    EXPECT_THAT(text, Not(HasSubstr(words)));
  }
}

TEST(StreamTextTest, LabelsCannotForgeLines) {
  v1::Stream stream = Known();
  (*stream.mutable_labels())["a"] = "x\nTrouble\x1b[31m";
  EXPECT_THAT(StreamText(stream, 0), HasSubstr("a=x?Trouble?[31m"));
}

TEST(VolumeTextTest, SaysGainAndMute) {
  v1::Volume volume;
  EXPECT_EQ(VolumeText(volume), "0 dB");
  volume.set_gain_db(-6.5);
  volume.set_mute(true);
  EXPECT_EQ(VolumeText(volume), "muted, -6.5 dB");
}

}  // namespace
}  // namespace earshot
