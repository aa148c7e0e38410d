#include "client/cli/stream_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

v1::Stream Named(const std::string& name, v1::StreamState state) {
  v1::Stream stream;
  stream.set_name(name);
  stream.set_state(state);
  return stream;
}

TEST(StreamBoardTest, ShowsWhatWasHeardLastByName) {
  StreamBoard board(seconds(1));
  const StreamBoard::Time now;
  board.Take(Named("b", v1::STREAM_STATE_PLAYING), now);
  board.Take(Named("a", v1::STREAM_STATE_IDLE), now);
  board.Take(Named("b", v1::STREAM_STATE_PAUSED), now);
  const auto streams = board.Streams(now);
  ASSERT_EQ(streams.size(), 2u);
  EXPECT_EQ(streams[0].name(), "a");
  EXPECT_EQ(streams[1].state(), v1::STREAM_STATE_PAUSED);
}

TEST(StreamBoardTest, WhatIsNotHeardOfAnyMoreGoes) {
  StreamBoard board(seconds(1));
  const StreamBoard::Time now;
  board.Take(Named("gone", v1::STREAM_STATE_PLAYING), now);
  board.Take(Named("shut", v1::STREAM_STATE_CLOSED), now);
  EXPECT_EQ(board.Streams(now + seconds(5)).size(), 2u);
  const auto later = board.Streams(now + seconds(6));
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].name(), "shut");
  EXPECT_TRUE(board.Streams(now + minutes(11)).empty());
}

}  // namespace
}  // namespace earshot
