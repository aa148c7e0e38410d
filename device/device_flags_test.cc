#include "device/device_flags.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

absl::StatusOr<DeviceFlags> Parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "earshot-device");
  return ParseDeviceFlags(static_cast<int>(words.size()), words.data());
}

std::string Complaint(std::vector<const char*> words) {
  words.insert(words.end(), {"--socket=/run/a.sock", "--vm=a"});
  const absl::StatusOr<DeviceFlags> flags = Parsed(std::move(words));
  return std::string(flags.status().message());
}

TEST(DeviceFlagsTest, ASocketAndAVmAreEnough) {
  const auto flags = Parsed({"--socket=/run/a.sock", "--vm", "a"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->socket, "/run/a.sock");
  EXPECT_EQ(flags->playback.vm(), "a");
  EXPECT_EQ(flags->playback.server(), "localhost:50051");
  EXPECT_EQ(flags->playback.codec().codec, AudioCodec::kOpus);
  EXPECT_EQ(flags->playback.codec().packet_us, 10000);
  EXPECT_FALSE(flags->playback.low_latency());
  EXPECT_EQ(flags->streams, 1);
  EXPECT_TRUE(flags->jacks);
  EXPECT_FALSE(flags->drop_on_release);
  EXPECT_TRUE(flags->sandbox);
  EXPECT_EQ(flags->user, "");
  EXPECT_FALSE(flags->controls);
}

TEST(DeviceFlagsTest, LowLatencyMeansShortPacketsUnlessTheyAreGiven) {
  const auto flags = Parsed({"--socket=/s", "--vm=a", "--low-latency"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_TRUE(flags->playback.low_latency());
  EXPECT_EQ(flags->playback.codec().packet_us, 5000);
  const auto given =
      Parsed({"--socket=/s", "--vm=a", "--low-latency", "--frame-ms=2.5"});
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->playback.codec().packet_us, 2500);
}

TEST(DeviceFlagsTest, EveryFlagIsTaken) {
  const auto flags = Parsed(
      {"--socket=/s", "--vm=v.1", "--server=unix:/x", "--label=node=n1",
       "--label=zone=", "--codec=pcm", "--frame-ms=2.5", "--bitrate=96000",
       "--complexity=5", "--log-level=debug", "--on-release=drop",
       "--user=nobody:audio", "--streams=8", "--jack=off", "--controls=on"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->playback.server(), "unix:/x");
  EXPECT_THAT(flags->labels,
              UnorderedElementsAre(Pair("node", "n1"), Pair("zone", "")));
  EXPECT_EQ(flags->playback.codec().codec, AudioCodec::kPcmS16Le);
  EXPECT_EQ(flags->playback.codec().packet_us, 2500);
  EXPECT_EQ(flags->playback.codec().bitrate_bps, 96000);
  EXPECT_EQ(flags->playback.codec().complexity, 5);
  EXPECT_EQ(flags->program.log_level, "debug");
  EXPECT_EQ(flags->streams, 8);
  EXPECT_FALSE(flags->jacks);
  EXPECT_TRUE(flags->controls);
  EXPECT_TRUE(flags->drop_on_release);
  EXPECT_EQ(flags->user, "nobody:audio");
}

TEST(DeviceFlagsTest, TheSandboxIsSwitchedOffOnRequest) {
  const auto flags = Parsed({"--socket=/s", "--vm=a", "--sandbox=off"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_FALSE(flags->sandbox);
}

TEST(DeviceFlagsTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(std::string(Parsed({"--socket=/s"}).status().message()),
              HasSubstr("--vm=NAME is needed"));
}

TEST(DeviceFlagsTest, TheSocketMayBeInherited) {
  const auto inherited = Parsed({"--socket-fd=5", "--vm=a"});
  ASSERT_TRUE(inherited.ok()) << inherited.status();
  EXPECT_EQ(inherited->socket_fd, 5);
  EXPECT_EQ(inherited->socket, "");
  // By socket activation, which the flags do not know.
  const auto neither = Parsed({"--vm=a"});
  ASSERT_TRUE(neither.ok()) << neither.status();
  EXPECT_EQ(neither->socket_fd, std::nullopt);
  EXPECT_THAT(Complaint({"--socket-fd=3"}), HasSubstr("not both"));
  for (const char* wrong : {"--socket-fd=-1", "--socket-fd=x"}) {
    EXPECT_FALSE(Parsed({wrong, "--vm=a"}).ok()) << wrong;
  }
}

TEST(DeviceFlagsTest, AWrongValueIsAnsweredWithWhatIsAllowed) {
  EXPECT_THAT(Complaint({"--frame-ms=7"}), HasSubstr("2.5, 5, 10 or 20"));
  EXPECT_THAT(Complaint({"--frame-ms=nan"}), HasSubstr("frame-ms"));
  EXPECT_THAT(Complaint({"--codec=mp3"}), HasSubstr("opus or pcm"));
  EXPECT_THAT(Complaint({"--bitrate=5"}), HasSubstr("6000 to 510000"));
  EXPECT_THAT(Complaint({"--complexity=11"}), HasSubstr("0 to 10"));
  EXPECT_THAT(Complaint({"--complexity=x"}), HasSubstr("complexity"));
  EXPECT_THAT(Complaint({"--label=novalue"}), HasSubstr("KEY=VALUE"));
  EXPECT_THAT(Complaint({"--log-level=loud"}), HasSubstr("warn"));
  EXPECT_THAT(Complaint({"--on-release=cut"}), HasSubstr("drain or drop"));
  EXPECT_THAT(Complaint({"--sandbox=maybe"}), HasSubstr("on or off"));
  EXPECT_THAT(Complaint({"--server=localhost:1,nowhere"}),
              HasSubstr("--server: a server is host:port"));
  // What would have the parser search its own messages without end.
  EXPECT_THAT(Complaint({"--%canonical_option%"}),
              HasSubstr("'--%canonical_option%'"));
  EXPECT_THAT(Complaint({"--bitrate=%value%"}), HasSubstr("'--bitrate'"));
  EXPECT_THAT(Complaint({"--sandbox=off", "--user=nobody"}),
              HasSubstr("--user is a part of --sandbox=on"));
  EXPECT_THAT(Complaint({"--streams=0"}), HasSubstr("1 to 8"));
  EXPECT_THAT(Complaint({"--streams=9"}), HasSubstr("1 to 8"));
  EXPECT_THAT(Complaint({"--streams=two"}), HasSubstr("streams"));
  EXPECT_THAT(Complaint({"--jack=maybe"}), HasSubstr("on or off"));
  EXPECT_THAT(Complaint({"--controls=yes"}), HasSubstr("on or off"));
  EXPECT_THAT(Complaint({"--nosuch=1"}), HasSubstr("--nosuch"));
  EXPECT_THAT(Complaint({"extra"}), HasSubstr("positional"));
  EXPECT_THAT(
      std::string(Parsed({"--socket=/s", "--vm=a/b"}).status().message()),
      HasSubstr("A-Z"));
}

TEST(DeviceFlagsTest, LittleIsOfferedToTheGuestUnlessMoreIsAskedFor) {
  const auto flags = Parsed({"--socket=/s", "--vm=a"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->offer.offer().formats, PcmOffer().formats);
  EXPECT_EQ(flags->offer.offer().rates, PcmOffer().rates);
  EXPECT_EQ(flags->offer.offer().channels_max, 2);
  EXPECT_THAT(DeviceUsage(), HasSubstr("S16,S32,FLOAT"));
}

TEST(DeviceFlagsTest, FlagsWidenWhatIsOffered) {
  const auto flags =
      Parsed({"--socket=/s", "--vm=a", "--formats=U8,S24_3,FLOAT64",
              "--rates=8000,44100", "--channels=6"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->offer.offer().formats,
            uint64_t{1} << 4 | uint64_t{1} << 11 | uint64_t{1} << 20);
  EXPECT_EQ(flags->offer.offer().rates, uint64_t{1} << 1 | uint64_t{1} << 6);
  EXPECT_EQ(flags->offer.offer().channels_max, 6);
  const auto all = Parsed({"--socket=/s", "--vm=a", "--formats=all",
                           "--rates=all", "--channels=8"});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->offer.offer().formats, 0x1ffff8u);
  // 5512 and 384000 are not among them.
  EXPECT_EQ(all->offer.offer().rates, 0xdffeu);
}

TEST(DeviceFlagsTest, WhatCannotBeOfferedIsAnsweredWithWhatCan) {
  EXPECT_THAT(Complaint({"--formats=MU_LAW"}),
              AllOf(HasSubstr("--formats=MU_LAW"), HasSubstr("S16,U16")));
  EXPECT_THAT(Complaint({"--formats=S16,S16"}), HasSubstr("twice"));
  EXPECT_THAT(Complaint({"--formats="}), HasSubstr("--formats"));
  EXPECT_THAT(Complaint({"--rates=44100,5512"}),
              AllOf(HasSubstr("\"5512\""), HasSubstr("176400,192000")));
  EXPECT_THAT(Complaint({"--rates=48k"}), HasSubstr("\"48k\""));
  EXPECT_THAT(Complaint({"--channels=9"}), HasSubstr("1 to 8"));
  EXPECT_THAT(Complaint({"--channels=0"}), HasSubstr("1 to 8"));
}

TEST(DeviceFlagsTest, HelpNeedsNothingElse) {
  const auto flags = Parsed({"--help"});
  ASSERT_TRUE(flags.ok());
  EXPECT_TRUE(flags->program.help);
  EXPECT_THAT(DeviceUsage(), HasSubstr("--complexity"));
}

}  // namespace
}  // namespace earshot
