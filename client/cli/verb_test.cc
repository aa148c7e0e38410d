#include "client/cli/verb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

namespace po = boost::program_options;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Heard {
  std::vector<std::string> words;
  std::string flag;
  int runs = 0;
};
Heard heard;

class ListeningVerb : public Verb {
  void AddFlags(po::options_description& options) override {
    options.add_options()("flag", po::value(&flag_)->value_name("FILE"),
                          "a file");
  }
  absl::Status Take(const std::vector<std::string>& words) override {
    heard.words = words;
    if (!words.empty() && words[0] == "bad") {
      return absl::InvalidArgumentError("bad is not allowed");
    }
    return absl::OkStatus();
  }
  int Run() override {
    heard.flag = flag_;
    ++heard.runs;
    return 7;
  }
  std::string flag_;
};

std::unique_ptr<Verb> MakeListeningVerb() {
  return std::make_unique<ListeningVerb>();
}

class VerbTest : public ::testing::Test {
 protected:
  VerbTest() { heard = Heard(); }
  const std::vector<VerbInfo> table_ = {
      {"listen", "WORD", "listens", "Listens.\n", {}, false, MakeListeningVerb},
      {"wait", "", "waits", "Waits.\n", {}, false, MakeListeningVerb}};
};

TEST_F(VerbTest, FindsARowByItsName) {
  EXPECT_EQ(FindVerb(table_, "wait"), &table_[1]);
  EXPECT_EQ(FindVerb(table_, "wai"), nullptr);
  EXPECT_EQ(FindVerb(table_, ""), nullptr);
}

TEST_F(VerbTest, RunsWithFlagsAndWordsAndGivesItsExitCode) {
  EXPECT_EQ(RunVerb(table_[0], {"a", "--flag=f", "b"}), 7);
  EXPECT_THAT(heard.words, ElementsAre("a", "b"));
  EXPECT_EQ(heard.flag, "f");
}

TEST_F(VerbTest, ANegativeNumberIsAWordAndNoFlag) {
  EXPECT_EQ(RunVerb(table_[0], {"a", "-20.5", "--flag=f"}), 7);
  EXPECT_THAT(heard.words, ElementsAre("a", "-20.5"));
  EXPECT_EQ(heard.flag, "f");
  EXPECT_EQ(RunVerb(table_[0], {"-1", "--", "--flag"}), 7);
  EXPECT_THAT(heard.words, ElementsAre("--flag", "-1"));
}

TEST_F(VerbTest, AWrongCommandLineIsUsageAndRunsNothing) {
  EXPECT_EQ(RunVerb(table_[0], {"--nope"}), kExitUsage);
  EXPECT_EQ(RunVerb(table_[0], {"-x"}), kExitUsage);
  EXPECT_EQ(RunVerb(table_[0], {"bad"}), kExitUsage);
  EXPECT_EQ(heard.runs, 0);
}

TEST_F(VerbTest, HelpIsShownWhateverElseIsMissing) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(RunVerb(table_[0], {"bad", "--help"}), kExitOk);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("Listens."));
  EXPECT_EQ(heard.runs, 0);
}

TEST_F(VerbTest, UsageAndFlagsAreThoseOfTheVerb) {
  EXPECT_THAT(UsageOf(table_[0]), HasSubstr("earshot listen WORD"));
  EXPECT_THAT(UsageOf(table_[0]), HasSubstr("--flag FILE"));
  const auto flags = FlagsOf(table_[0]);
  ASSERT_EQ(flags.size(), 2u);
  EXPECT_EQ(flags[0].name, "flag");
  EXPECT_TRUE(flags[0].takes_value);
  EXPECT_EQ(flags[0].value_name, "FILE");
  EXPECT_EQ(flags[1].name, "help");
  EXPECT_FALSE(flags[1].takes_value);
}

}  // namespace
}  // namespace earshot
