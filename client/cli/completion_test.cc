#include "client/cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/verbs.h"

namespace earshot {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// What a real bash would offer for the last of the words, which it splits at
// "=" as it splits a command line.
std::vector<std::string> Complete(const std::vector<std::string>& words) {
  const std::string folder = std::getenv("TEST_TMPDIR");
  std::ofstream(folder + "/earshot.bash") << BashCompletion(Verbs());
  std::ofstream(folder + "/tune.wav") << "x";
  const std::string script = absl::StrCat(
      "cd ", folder, "; . ./earshot.bash; compopt() { :; }; COMP_WORDS=('",
      absl::StrJoin(words, "' '"), "'); COMP_CWORD=", words.size() - 1,
      "; _earshot; printf '%s\\n' \"${COMPREPLY[@]}\"");
  std::ofstream(folder + "/run") << script;
  const std::string command =
      absl::StrCat("bash --norc -eu ", folder, "/run 2>&1");
  FILE* const pipe = popen(command.c_str(), "r");
  std::string out;
  std::array<char, 4096> buffer;
  while (const size_t bytes = fread(buffer.data(), 1, buffer.size(), pipe)) {
    out.append(buffer.data(), bytes);
  }
  EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 0) << out;
  return absl::StrSplit(out, '\n', absl::SkipEmpty());
}

TEST(CompletionTest, OffersEveryVerb) {
  const auto offered = Complete({"earshot", ""});
  for (const VerbInfo& verb : Verbs()) {
    EXPECT_THAT(offered, Contains(verb.name));
  }
  EXPECT_THAT(offered, IsSupersetOf({"help", "--version"}));
  EXPECT_THAT(Complete({"earshot", "str"}), ElementsAre("streams"));
}

TEST(CompletionTest, OffersTheFlagsOfTheVerb) {
  const auto offered = Complete({"earshot", "streams", "--"});
  EXPECT_THAT(offered,
              IsSupersetOf({"--watch", "--filter=", "--json", "--server="}));
  EXPECT_THAT(offered, Not(Contains("--vm=")));
  EXPECT_THAT(Complete({"earshot", "play", "--low"}),
              ElementsAre("--low-latency"));
}

TEST(CompletionTest, OffersEveryFlagOfEveryVerb) {
  for (const VerbInfo& verb : Verbs()) {
    std::vector<std::string> flags;
    for (const FlagInfo& flag : FlagsOf(verb)) {
      flags.push_back(
          absl::StrCat("--", flag.name, flag.takes_value ? "=" : ""));
    }
    EXPECT_THAT(Complete({"earshot", verb.name, "--"}), IsSupersetOf(flags))
        << verb.name;
  }
}

TEST(CompletionTest, OffersFilesAndShellsAndVerbsWhereTheyBelong) {
  EXPECT_THAT(Complete({"earshot", "play", "tu"}), ElementsAre("tune.wav"));
  EXPECT_THAT(Complete({"earshot", "completion", ""}), ElementsAre("bash"));
  EXPECT_THAT(Complete({"earshot", "help", "vol"}), ElementsAre("volume"));
  // Of a value that nobody can guess, nothing is offered.
  EXPECT_THAT(Complete({"earshot", "play", "--vm", "=", "tu"}), IsEmpty());
  EXPECT_THAT(Complete({"earshot", "play", "--vm", "="}), IsEmpty());
  EXPECT_THAT(Complete({"earshot", "play", "--vm", "tu"}), IsEmpty());
}

}  // namespace
}  // namespace earshot
