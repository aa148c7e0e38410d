#include "client/cli/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;

PlayerStats Halfway() {
  PlayerStats stats;
  stats.rate_hz = 48000;
  stats.connected = true;
  stats.played = 240000;
  return stats;
}

TEST(ProgressLineTest, ShowsTimeLeadAndState) {
  EXPECT_EQ(
      ProgressLine(Halfway(), 480000, 2976),
      "[===============               ] 0:05 / 0:10  lead 62 ms  playing");
}

TEST(ProgressLineTest, WithoutALengthThereIsNoBar) {
  EXPECT_EQ(ProgressLine(Halfway(), 0, 2976), "0:05  lead 62 ms  playing");
}

TEST(ProgressLineTest, SaysWhatIsWrong) {
  PlayerStats stats = Halfway();
  stats.free_run = true;
  EXPECT_THAT(ProgressLine(stats, 0, 0), HasSubstr("no grant"));
  stats.connected = false;
  EXPECT_THAT(ProgressLine(stats, 0, 0), HasSubstr("no service"));
}

TEST(ProgressLineTest, TheSummaryAccountsForEveryFrame) {
  PlayerStats stats = Halfway();
  stats.produced = stats.played = 480000;
  stats.skipped = 48000;
  stats.packets = 1000;
  stats.payload_bytes = 160000;
  EXPECT_EQ(SummaryLine(stats, "a.wav", "localhost:1", 2976),
            "a.wav: 432000 of 480000 frames played (9.000 s) at localhost:1, "
            "48000 skipped, 0 lost, lead 62 ms, 1000 packets, 160000 bytes");
}

TEST(ProgressLineTest, NothingBeganNothingIsSaid) {
  EXPECT_EQ(ProgressLine(PlayerStats(), 0, 0), "");
  EXPECT_EQ(SummaryLine(PlayerStats(), "", "", 0), "");
}

}  // namespace
}  // namespace earshot
