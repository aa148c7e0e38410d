#include "device/limited_log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace earshot {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LimitedLogSinkTest : public testing::Test {
 protected:
  LimitedLogSinkTest() { sink_.set_pattern("%v"); }

  void Log(int lines) {
    for (int i = 0; i < lines; ++i) {
      sink_.log(spdlog::details::log_msg(now_, spdlog::source_loc(), "test",
                                         spdlog::level::info, "line"));
    }
  }
  // The lines since the last call.
  std::vector<std::string> Taken() {
    std::istringstream text(out_.str());
    out_.str("");
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  spdlog::log_clock::time_point now_{hours(1)};
  std::ostringstream out_;
  LimitedLogSink sink_{std::make_shared<spdlog::sinks::ostream_sink_st>(out_)};
};

TEST_F(LimitedLogSinkTest, ABurstPasses) {
  Log(LimitedLogSink::kBurst);
  EXPECT_THAT(Taken(), SizeIs(LimitedLogSink::kBurst));
}

TEST_F(LimitedLogSinkTest, AFloodBecomesAFewLinesASecondThatCountTheRest) {
  Log(1000000);
  EXPECT_THAT(Taken(), SizeIs(LimitedLogSink::kBurst));
  now_ += milliseconds(101);
  Log(2);
  EXPECT_THAT(Taken(), ElementsAre("too many lines suppressed=999800", "line"));
  now_ += seconds(60);
  Log(1000000);
  EXPECT_THAT(Taken(), SizeIs(LimitedLogSink::kBurst + 1));
}

TEST_F(LimitedLogSinkTest, AClockThatIsSetBackStopsNothingForLong) {
  Log(LimitedLogSink::kBurst);
  Taken();
  now_ -= hours(1);
  Log(1);
  EXPECT_THAT(Taken(), IsEmpty());
  now_ += seconds(1);
  Log(1);
  EXPECT_THAT(Taken(), SizeIs(2));
}

}  // namespace
}  // namespace earshot
