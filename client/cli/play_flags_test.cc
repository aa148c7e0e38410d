#include "client/cli/play_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/statusor.h"
#include "flags/command_line.h"

namespace earshot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<PlayFlags> Parse(const std::vector<std::string>& arguments) {
  PlayFlags flags;
  std::vector<std::string> words;
  boost::program_options::options_description options;
  flags.AddTo(options, "localhost:50051", "host");
  options.add_options()("word", boost::program_options::value(&words));
  boost::program_options::positional_options_description positional;
  positional.add("word", -1);
  absl::Status status = ParseCommandLine(arguments, options, positional);
  if (status.ok()) status = flags.Take(words);
  if (!status.ok()) return status;
  return flags;
}

TEST(PlayFlagsTest, TakesAFileAndDefaults) {
  const auto flags = Parse({"tune.wav"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->file, "tune.wav");
  EXPECT_EQ(flags->playback.server(), "localhost:50051");
  EXPECT_EQ(flags->playback.vm(), "host");
  EXPECT_EQ(flags->stream, 0);
  EXPECT_EQ(flags->playback.codec().codec, AudioCodec::kOpus);
  EXPECT_EQ(flags->playback.codec().packet_us, 10000);
}

TEST(PlayFlagsTest, TakesEveryFlag) {
  const auto flags = Parse({"--server=unix:/s", "--vm", "a", "--stream=3",
                            "--codec=pcm", "--frame-ms=2.5", "--bitrate=96000",
                            "--complexity=5", "--raw=44100:1", "-"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->file, "-");
  EXPECT_EQ(flags->playback.server(), "unix:/s");
  EXPECT_EQ(flags->playback.vm(), "a");
  EXPECT_EQ(flags->stream, 3);
  EXPECT_EQ(flags->playback.codec().codec, AudioCodec::kPcmS16Le);
  EXPECT_EQ(flags->playback.codec().packet_us, 2500);
  EXPECT_EQ(flags->playback.codec().bitrate_bps, 96000);
  EXPECT_EQ(flags->playback.codec().complexity, 5);
  EXPECT_EQ(flags->raw_rate_hz, 44100);
  EXPECT_EQ(flags->raw_channels, 1);
}

TEST(PlayFlagsTest, AWrongFlagIsOneLineThatSaysWhatIsAllowed) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{}, "one file is needed"},
      {{"a", "b"}, "one file is needed"},
      {{"a", "--nope"}, "--insecure, --vm"},
      {{"a", "--codec=mp3"}, "opus or pcm"},
      {{"a", "--frame-ms=7"}, "2.5, 5, 10 or 20"},
      {{"a", "--frame-ms=x"}, "frame-ms"},
      {{"a", "--bitrate=1"}, "6000 to 510000"},
      {{"a", "--complexity=11"}, "0 to 10"},
      {{"a", "--stream=-1"}, "0 to 2147483647"},
      {{"a", "--vm=a/b"}, "1 to 63"},
      {{"a", "--raw=48000"}, "48000:2"},
      {{"a", "--raw=1:9"}, "48000:2"},
      {{"a", "--serv=x"}, "allowed are --server"},
  };
  for (const auto& [arguments, allowed] : cases) {
    const auto flags = Parse(arguments);
    ASSERT_FALSE(flags.ok()) << allowed;
    const std::string message(flags.status().message());
    EXPECT_THAT(message, HasSubstr(allowed));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace earshot
