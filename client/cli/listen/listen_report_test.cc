#include "client/cli/listen/listen_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

ListenReport Report() {
  ListenReport report;
  report.stream = "vms/demo/streams/0";
  report.output = "pulse";
  report.summary = "2.5 s heard on pulse, 0 gaps";
  report.seconds = 2.5;
  return report;
}

TEST(ListenReportTest, WhatDidNotHappenIsNotSaid) {
  EXPECT_EQ(InWords(Report()),
            "vms/demo/streams/0: 2.5 s heard on pulse, 0 gaps");
}

TEST(ListenReportTest, TheStreamsOwnGapsAreToldApart) {
  ListenReport report = Report();
  report.stream_gaps = 2;
  report.stream_gap_time = milliseconds(340);
  report.closed = true;
  report.close_reason = "the client is gone";
  EXPECT_EQ(InWords(report),
            "vms/demo/streams/0: 2.5 s heard on pulse, 0 gaps, 2 gaps of the "
            "stream itself (0.3 s); closed: the client is gone");
}

TEST(ListenReportTest, JsonHasEachFieldOnOneLine) {
  ListenReport report = Report();
  report.stream_gaps = 1;
  report.stream_gap_time = milliseconds(250);
  const std::string json = ToJson(report);
  EXPECT_THAT(json, HasSubstr("\"stream\":\"vms/demo/streams/0\""));
  EXPECT_THAT(json, HasSubstr("\"seconds\":2.5"));
  EXPECT_THAT(json, HasSubstr("\"gaps\":0"));
  EXPECT_THAT(json, HasSubstr("\"streamGapSeconds\":0.25"));
  EXPECT_THAT(json, HasSubstr("\"closed\":false"));
  EXPECT_THAT(json, testing::Not(HasSubstr("\n")));
}

TEST(ListenReportTest, WhatAServerSaidIsQuoted) {
  ListenReport report = Report();
  report.close_reason = "a \"word\"\n";
  EXPECT_THAT(ToJson(report), HasSubstr(R"("closeReason":"a \"word\"\n")"));
}

}  // namespace
}  // namespace earshot
