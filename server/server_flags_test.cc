#include "server/server_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(ServerFlagsTest, ReadsEveryFlag) {
  const auto flags = ParseServerFlags(
      {"--listen=localhost:1,unix:/s", "--sink", "wav:/r",
       "--margin-floor-ms=15", "--low-latency-margin-floor-ms=3",
       "--margin-ceiling-ms=200", "--margin-start-ms=30", "--resume-timeout=1m",
       "--drain-timeout=1.5s", "--log-level=warn", "--log-format=json"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->listen, "localhost:1,unix:/s");
  EXPECT_EQ(flags->sink, "wav:/r");
  EXPECT_EQ(flags->margin.floor, milliseconds(15));
  EXPECT_EQ(flags->margin.low_latency_floor, milliseconds(3));
  EXPECT_EQ(flags->margin.ceiling, milliseconds(200));
  EXPECT_EQ(flags->margin.start, milliseconds(30));
  EXPECT_EQ(flags->resume_timeout, milliseconds(60000));
  EXPECT_EQ(flags->drain_timeout, milliseconds(1500));
  EXPECT_EQ(flags->program.log_level, "warn");
  EXPECT_TRUE(flags->log_json);
}

TEST(ServerFlagsTest, HasTheDefaultsOfTheControlLaw) {
  const auto flags = ParseServerFlags({});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->margin.floor, MarginLimits().floor);
  EXPECT_EQ(flags->margin.low_latency_floor, MarginLimits().low_latency_floor);
  EXPECT_EQ(flags->margin.ceiling, MarginLimits().ceiling);
  EXPECT_EQ(flags->margin.start, MarginLimits().start);
  EXPECT_EQ(flags->resume_timeout, milliseconds(10000));
}

TEST(ServerFlagsTest, TheMarginCanBeFixed) {
  const auto flags =
      ParseServerFlags({"--margin-floor-ms=40", "--margin-ceiling-ms=40",
                        "--margin-start-ms=40"});
  ASSERT_TRUE(flags.ok()) << flags.status();
}

TEST(ServerFlagsTest, SaysInOneLineWhatIsAllowed) {
  const struct {
    std::vector<std::string> arguments;
    const char* allowed;
  } kCases[] = {
      {{"--nonsense"}, "--listen, --sink"},
      {{"file"}, "--listen, --sink"},
      {{"--flagfile=x"}, "--listen, --sink"},
      {{"--sink"}, "--sink"},
      {{"--margin-floor-ms=0"}, "1 to 500"},
      {{"--low-latency-margin-floor-ms=501"}, "1 to 500"},
      {{"--margin-ceiling-ms=x"}, "1 to 500"},
      {{"--margin-start-ms=-1"}, "1 to 500"},
      {{"--margin-ceiling-ms=30", "--margin-floor-ms=31"},
       "at most --margin-ceiling-ms=30"},
      {{"--margin-ceiling-ms=5"}, "at most --margin-ceiling-ms=5"},
      {{"--target-margin-ms=40"}, "--margin-floor-ms"},
      {{"--resume-timeout=11m"}, "up to 10m"},
      {{"--resume-timeout=10"}, "500ms"},
      {{"--drain-timeout=-1s"}, "500ms"},
      {{"--drain-timeout=x"}, "500ms"},
      {{"--drain-timeout=1s", "--log-level=x"}, "debug"},
      {{"--jwks=a", "--jwt-issuer=b"}, "--jwt-audience"},
      {{"--jwks=a", "--jwt-audience=b"}, "--jwt-issuer"},
      {{"--jwt-issuer=b", "--jwt-audience=b"}, "need --jwks"},
      {{"--log-level=info", "--log-format=x"}, "json"},
  };
  for (const auto& one : kCases) {
    const auto flags = ParseServerFlags(one.arguments);
    ASSERT_FALSE(flags.ok()) << one.arguments.back();
    const std::string message(flags.status().message());
    EXPECT_THAT(message, HasSubstr(one.allowed));
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST(ServerFlagsTest, TakesTheFilesOfWhoMayDoWhat) {
  const auto flags = ParseServerFlags({"--policy=p", "--tokens=t", "--jwks=j",
                                       "--jwt-issuer=i", "--jwt-audience=a",
                                       "--check-config"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_TRUE(flags->check_config);
  EXPECT_EQ(flags->access.policy, "p");
  EXPECT_EQ(flags->access.tokens, "t");
  EXPECT_EQ(flags->access.jwks, "j");
  EXPECT_EQ(flags->access.jwt_issuer, "i");
  EXPECT_EQ(flags->access.jwt_audience, "a");
}

TEST(ServerFlagsTest, TakesWhatIsRecorded) {
  const auto none = ParseServerFlags({});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->record.folder, "");
  const auto flags = ParseServerFlags(
      {"--record=/r", "--record-format=flac", "--record-min-free=5%",
       "--record-max-size=10G", "--record-max-age=30d"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->record.folder, "/r");
  EXPECT_EQ(flags->record.format, RecordFormat::kFlac);
  EXPECT_EQ(flags->record.min_free.fraction, 0.05);
  EXPECT_EQ(flags->record.max_bytes, int64_t{10} << 30);
  EXPECT_EQ(flags->record.max_age, std::chrono::hours(24 * 30));
  for (const char* wrong : {"--record-format=mp3", "--record-min-free=much",
                            "--record-max-size=1X", "--record-max-age=5"}) {
    EXPECT_FALSE(ParseServerFlags({wrong}).ok()) << wrong;
  }
}

TEST(ServerFlagsTest, WordsOfTheParserDoNotHangIt) {
  for (const char* argument :
       {"--optio '%canonical_option%'", "--margin-floor-ms=%value%",
        "--%option%=1", "--%original_token%", "--%prefix%"}) {
    const auto flags = ParseServerFlags({argument});
    ASSERT_FALSE(flags.ok()) << argument;
    EXPECT_THAT(std::string(flags.status().message()), HasSubstr(argument));
  }
}

TEST(ServerFlagsTest, HelpNamesEveryFlag) {
  for (const char* flag : {"--listen",
                           "--sink",
                           "--margin-floor-ms",
                           "--low-latency-margin-floor-ms",
                           "--margin-ceiling-ms",
                           "--margin-start-ms",
                           "--resume-timeout",
                           "--drain-timeout",
                           "--log-level",
                           "--log-format",
                           "--policy",
                           "--tokens",
                           "--jwks",
                           "--jwt-issuer",
                           "--jwt-audience",
                           "--check-config",
                           "--record",
                           "--record-format",
                           "--record-min-free",
                           "--record-max-size",
                           "--record-max-age"}) {
    EXPECT_THAT(ServerHelp(), HasSubstr(flag));
  }
}

}  // namespace
}  // namespace earshot
