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
  const auto flags =
      ParseServerFlags({"--listen=localhost:1,unix:/s", "--sink", "wav:/r",
                        "--target-margin-ms=20", "--drain-timeout=1.5s",
                        "--log-level=warn", "--log-format=json"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->listen, "localhost:1,unix:/s");
  EXPECT_EQ(flags->sink, "wav:/r");
  EXPECT_EQ(flags->target_margin, milliseconds(20));
  EXPECT_EQ(flags->drain_timeout, milliseconds(1500));
  EXPECT_EQ(flags->log_level, spdlog::level::warn);
  EXPECT_TRUE(flags->log_json);
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
      {{"--target-margin-ms=4"}, "5 to 500"},
      {{"--target-margin-ms=501"}, "5 to 500"},
      {{"--target-margin-ms=x"}, "5 to 500"},
      {{"--target-margin-ms=20", "--drain-timeout=-1s"}, "500ms"},
      {{"--drain-timeout=x"}, "500ms"},
      {{"--drain-timeout=1s", "--log-level=x"}, "debug"},
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

TEST(ServerFlagsTest, HelpNamesEveryFlag) {
  for (const char* flag : {"--listen", "--sink", "--target-margin-ms",
                           "--drain-timeout", "--log-level", "--log-format"}) {
    EXPECT_THAT(ServerHelp(), HasSubstr(flag));
  }
}

}  // namespace
}  // namespace earshot
