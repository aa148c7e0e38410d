#include "sinks/paced_sink.h"

#include <gtest/gtest.h>

#include "sinks/fake_source.h"
#include "sinks/null_sink.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const MonotonicTime kStart = MonotonicTime() + std::chrono::hours(1);

TEST(PacedSinkTest, PullsWhatIsDueAndNotMore) {
  FakeSource source(2);
  NullSink sink(48000, 2);
  sink.Start(&source, kStart);
  sink.Tick(kStart);
  EXPECT_EQ(source.pulled_frames, 0);
  sink.Tick(kStart + milliseconds(5));
  EXPECT_EQ(source.pulled_frames, 240);
  sink.Tick(kStart + milliseconds(5));
  EXPECT_EQ(source.pulled_frames, 240);
  sink.Tick(kStart + milliseconds(12));
  EXPECT_EQ(source.pulled_frames, 576);
}

TEST(PacedSinkTest, CatchesUpWithALateTickInTheNextOnes) {
  FakeSource source(2);
  NullSink sink(48000, 2);
  sink.Start(&source, kStart);
  sink.Tick(kStart + milliseconds(25));
  EXPECT_EQ(source.pulled_frames, 480);
  sink.Tick(kStart + milliseconds(30));
  EXPECT_EQ(source.pulled_frames, 960);
  sink.Tick(kStart + milliseconds(35));
  EXPECT_EQ(source.pulled_frames, 1440);
  sink.Tick(kStart + milliseconds(40));
  EXPECT_EQ(source.pulled_frames, 1920);
  sink.Tick(kStart + milliseconds(45));
  EXPECT_EQ(source.pulled_frames, 2160);
}

TEST(PacedSinkTest, DoesNotDriftWhateverTheTicks) {
  FakeSource source(1);
  NullSink sink(44100, 1);
  sink.Start(&source, kStart);
  MonotonicTime now = kStart;
  for (int i = 0; i < 10000; ++i) {
    now += microseconds(4999 + i % 7);
    sink.Tick(now);
  }
  const auto elapsed = std::chrono::nanoseconds(now - kStart).count();
  EXPECT_EQ(source.pulled_frames, elapsed * 44100 / 1'000'000'000);
}

TEST(PacedSinkTest, TheClockStandsStillWhileTheProcessDoes) {
  FakeSource source(2);
  NullSink sink(48000, 2);
  sink.Start(&source, kStart);
  MonotonicTime now = kStart + std::chrono::seconds(60);
  for (int i = 0; i < 50; ++i, now += milliseconds(5)) sink.Tick(now);
  EXPECT_EQ(source.pulled_frames, 4800 + 49 * 240);
}

TEST(PacedSinkTest, PullsNothingBeforeItsStart) {
  NullSink sink(48000, 2);
  sink.Tick(kStart);
  EXPECT_EQ(sink.description(), "null");
  EXPECT_EQ(sink.problem(), "");
}

}  // namespace
}  // namespace earshot
