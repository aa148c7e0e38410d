#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/doctor/probe_stream.h"

namespace earshot {
namespace {

using ::testing::HasSubstr;

ProbeResult Good() {
  ProbeResult result;
  result.drained = true;
  result.seconds = 3;
  result.stats.payload_bytes = 48000;
  result.lead_ms = 31;
  v1::Stream seen;
  seen.set_margin_ms(10.5);
  seen.set_target_margin_ms(10);
  seen.mutable_margin_quantiles()->set_min_ms(8.5);
  seen.mutable_margin_quantiles()->set_p50_ms(10.5);
  result.seen = seen;
  return result;
}

TEST(ProbeJudgementTest, AGoodWayIsShownInFigures) {
  const Finding finding = JudgeProbe(Good());
  EXPECT_EQ(finding.verdict, Verdict::kGood);
  for (const char* words : {"3.0 s of sound, 128 kb/s", "lead 31 ms",
                            "margin 10.5 ms", "jitter 2.0 ms", "underruns 0"}) {
    EXPECT_THAT(finding.found, HasSubstr(words));
  }
}

TEST(ProbeJudgementTest, WhyItCannotBeOpenedIsSaidWithWhatToDo) {
  ProbeResult result;
  result.opened = absl::PermissionDeniedError("may not play as the VM a");
  const Finding finding = JudgeProbe(result);
  EXPECT_EQ(finding.verdict, Verdict::kBad);
  EXPECT_THAT(finding.found, HasSubstr("may not play as the VM a"));
  EXPECT_THAT(finding.advice, HasSubstr("policy"));
}

TEST(ProbeJudgementTest, ANoisyWayWarnsAndABadOneIsBad) {
  ProbeResult result = Good();
  result.seen->mutable_margin_quantiles()->set_min_ms(-10);
  EXPECT_EQ(JudgeProbe(result).verdict, Verdict::kWarning);
  result.seen->mutable_margin_quantiles()->set_min_ms(-50);
  EXPECT_EQ(JudgeProbe(result).verdict, Verdict::kBad);
  EXPECT_THAT(JudgeProbe(result).found, HasSubstr("jitters"));
  result = Good();
  result.seen->set_underruns_total(1);
  EXPECT_EQ(JudgeProbe(result).verdict, Verdict::kBad);
}

TEST(ProbeJudgementTest, LostSoundIsBad) {
  ProbeResult result = Good();
  result.stats.skipped = 960;
  EXPECT_THAT(JudgeProbe(result).found, HasSubstr("960 frames skipped"));
  EXPECT_EQ(JudgeProbe(result).verdict, Verdict::kBad);
  result = Good();
  result.drained = false;
  EXPECT_EQ(JudgeProbe(result).verdict, Verdict::kBad);
}

TEST(ProbeJudgementTest, AServerThatDoesNotShowTheStreamIsJudgedByTheClient) {
  ProbeResult result = Good();
  result.seen.reset();
  EXPECT_EQ(JudgeProbe(result).verdict, Verdict::kGood);
  result.stats.target_margin_us = 90000;
  EXPECT_EQ(JudgeProbe(result).verdict, Verdict::kBad);
}

}  // namespace
}  // namespace earshot
