#include "client/cli/doctor/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DiagnosisTest, AllIsWellWhereNothingIsBad) {
  Diagnosis diagnosis;
  diagnosis.Add({"name", Verdict::kGood, "a is 192.0.2.1", ""});
  EXPECT_TRUE(diagnosis.healthy());
  EXPECT_EQ(diagnosis.Conclusion(), "All is well.\n");
}

TEST(DiagnosisTest, AWarningIsSaidAndDoesNotFail) {
  Diagnosis diagnosis;
  diagnosis.Add({"tls", Verdict::kWarning, "until tomorrow", "renew it"});
  EXPECT_TRUE(diagnosis.healthy());
  EXPECT_EQ(diagnosis.Conclusion(),
            "Not as it should be: tls: until tomorrow\nWhat to do: renew it\n");
}

TEST(DiagnosisTest, WhatIsBadComesFirstWithWhatToDo) {
  Diagnosis diagnosis;
  diagnosis.Add({"name", Verdict::kWarning, "slow", ""});
  diagnosis.Add({"connect", Verdict::kBad, "refused", "start it"});
  EXPECT_FALSE(diagnosis.healthy());
  EXPECT_EQ(diagnosis.Conclusion(),
            "What is wrong: connect: refused\nWhat to do: start it\n"
            "Not as it should be: name: slow\n");
}

TEST(DiagnosisTest, ItsJsonHasEveryFindingWithItsFacts) {
  Diagnosis diagnosis;
  Finding finding{"round trip", Verdict::kGood, "0.4 ms", ""};
  SetFact(finding, "median_ms", 0.5);
  diagnosis.Add(finding);
  const std::string json = diagnosis.Json();
  for (const char* words : {"\"healthy\": true", "\"check\": \"round trip\"",
                            "\"verdict\": \"good\"", "\"median_ms\": 0.5"}) {
    EXPECT_THAT(json, HasSubstr(words));
  }
}

TEST(DiagnosisTest, ALineHasColorsOnlyWhereTheyAreWanted) {
  const Finding finding{"tls", Verdict::kBad, "no\x1b[2J", ""};
  EXPECT_EQ(FindingLine(finding, false), "  FAIL  tls         no?[2J");
  EXPECT_THAT(FindingLine(finding, true), HasSubstr("\033[31m"));
  EXPECT_THAT(FindingLine(finding, true), Not(HasSubstr("[2J\033")));
}

}  // namespace
}  // namespace earshot
