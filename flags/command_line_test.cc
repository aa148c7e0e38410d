#include "flags/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

namespace po = boost::program_options;
using testing::HasSubstr;

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() : options_("Flags") {
    options_.add_options()("level", po::value(&level_))("loud",
                                                        po::value(&loud_));
  }
  absl::Status Parse(const std::vector<std::string>& arguments) {
    return ParseCommandLine(arguments, options_, {});
  }
  std::string Complaint(const std::vector<std::string>& arguments) {
    return std::string(Parse(arguments).message());
  }

  std::string level_;
  int loud_ = 0;
  po::options_description options_;
};

TEST_F(CommandLineTest, TakesValuesBehindAnEqualsSignOrABlank) {
  EXPECT_TRUE(Parse({"--level=high", "--loud", "11"}).ok());
  EXPECT_EQ(level_, "high");
  EXPECT_EQ(loud_, 11);
}

TEST_F(CommandLineTest, NamesTheFlagsWhereAWordIsNone) {
  for (const char* word : {"--such", "--lou=1", "such"}) {
    EXPECT_THAT(Complaint({word}), HasSubstr("allowed are --level, --loud"))
        << word;
  }
}

TEST_F(CommandLineTest, SaysWhichFlagIsWrong) {
  EXPECT_THAT(Complaint({"--level"}), HasSubstr("--level"));
  EXPECT_THAT(Complaint({"--loud=x"}), HasSubstr("--loud"));
}

TEST_F(CommandLineTest, WordsOfTheParserDoNotHangIt) {
  for (const char* argument :
       {"--optio '%canonical_option%'", "--loud=%value%", "--%option%=1",
        "--%original_token%", "--%prefix%"}) {
    EXPECT_EQ(Parse({argument}).code(), absl::StatusCode::kInvalidArgument)
        << argument;
  }
}

TEST(CheckWordTest, SaysWhichWordsThereAre) {
  EXPECT_TRUE(CheckWord("jack", "off", {"on", "off"}).ok());
  EXPECT_EQ(CheckWord("jack", "0", {"on", "off"}).message(),
            "--jack=0: must be on or off");
  EXPECT_EQ(CheckWord("jack", "", {"a", "b", "c"}).message(),
            "--jack=: must be a, b or c");
}

}  // namespace
}  // namespace earshot
