#include "client/response_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace earshot {
namespace {

using ::testing::HasSubstr;

v1::PlayResponse Opened() {
  v1::PlayResponse response;
  response.mutable_opened()->mutable_limits()->set_initial_window_ms(200);
  return response;
}

v1::PlayResponse Progress(uint64_t epoch, int64_t granted, int64_t received,
                          int64_t played) {
  v1::PlayResponse response;
  v1::Progress& progress = *response.mutable_progress();
  progress.set_epoch(epoch);
  progress.set_granted_frame(granted);
  progress.set_received_frame(received);
  progress.set_played_frame(played);
  return response;
}

v1::PlayResponse Drained(uint64_t epoch, int64_t played) {
  v1::PlayResponse response;
  response.mutable_drained()->set_epoch(epoch);
  response.mutable_drained()->set_played_frame(played);
  return response;
}

class ResponseCheckerTest : public testing::Test {
 protected:
  ResponseCheckerTest() {
    EXPECT_EQ(Say(Opened()), "OK");
    checker_.OnBegin(1, 0, 48000);
    checker_.OnSent(4800);
  }
  std::string Say(v1::PlayResponse response) {
    last_ = response;
    return checker_.Check(last_).ToString();
  }

  ResponseChecker checker_;
  v1::PlayResponse last_;
};

TEST_F(ResponseCheckerTest, BelievesWhatFits) {
  EXPECT_EQ(Say(Progress(1, 13920, 4800, 0)), "OK");
  EXPECT_EQ(Say(Progress(1, 13920, 4800, 0)), "OK");
  EXPECT_EQ(Say(Progress(1, 15000, 4800, 1000)), "OK");
  checker_.OnEnd(4800);
  EXPECT_EQ(Say(Drained(1, 4800)), "OK");
}

TEST_F(ResponseCheckerTest, OpenedComesFirstAndOnce) {
  EXPECT_THAT(Say(Opened()), HasSubstr("opened: said twice"));
  checker_ = ResponseChecker();
  EXPECT_THAT(Say(Progress(1, 0, 0, 0)), HasSubstr("before opened"));
  EXPECT_THAT(Say(Drained(1, 0)), HasSubstr("before opened"));
}

TEST_F(ResponseCheckerTest, NothingCanBeResumedWithoutAToken) {
  checker_ = ResponseChecker();
  v1::PlayResponse opened = Opened();
  opened.mutable_opened()->set_resumed(true);
  EXPECT_THAT(Say(opened), HasSubstr("opened.resumed"));
}

TEST_F(ResponseCheckerTest, AWildInitialWindowIsCutDown) {
  checker_ = ResponseChecker();
  v1::PlayResponse opened = Opened();
  opened.mutable_opened()->mutable_limits()->set_initial_window_ms(1 << 30);
  EXPECT_EQ(Say(opened), "OK");
  EXPECT_EQ(last_.opened().limits().initial_window_ms(), 2000);
  checker_ = ResponseChecker();
  opened.mutable_opened()->mutable_limits()->set_initial_window_ms(-5);
  EXPECT_EQ(Say(opened), "OK");
  EXPECT_EQ(last_.opened().limits().initial_window_ms(), 0);
}

TEST_F(ResponseCheckerTest, RefusesAnEpochThatWasNotBegun) {
  EXPECT_THAT(Say(Progress(2, 13920, 0, 0)), HasSubstr("progress.epoch: 2"));
  EXPECT_THAT(Say(Drained(2, 0)), HasSubstr("drained.epoch: 2"));
  EXPECT_THAT(Say(Drained(1, 0)), HasSubstr("drained.epoch: 1"));
}

TEST_F(ResponseCheckerTest, TheAnswerToAPingNeedsNoEpoch) {
  EXPECT_EQ(Say(Progress(0, 1 << 30, 0, 0)), "OK");
  EXPECT_EQ(last_.progress().granted_frame(), 0);
}

TEST_F(ResponseCheckerTest, RefusesAGrantThatGoesBack) {
  EXPECT_EQ(Say(Progress(1, 13920, 0, 0)), "OK");
  EXPECT_THAT(Say(Progress(1, 13919, 0, 0)),
              HasSubstr("progress.granted_frame: 13919 goes back"));
  EXPECT_THAT(Say(Progress(1, -1, 0, 0)), HasSubstr("progress.granted_frame"));
}

TEST_F(ResponseCheckerTest, AHugeGrantIsCutDown) {
  EXPECT_EQ(Say(Progress(1, int64_t{1} << 62, 0, 0)), "OK");
  EXPECT_EQ(last_.progress().granted_frame(), 4800 + 480000);
}

TEST_F(ResponseCheckerTest, RefusesPositionsThatWereNeverSent) {
  EXPECT_THAT(Say(Progress(1, 13920, 4801, 0)),
              HasSubstr("progress.received_frame: 4801"));
  EXPECT_THAT(Say(Progress(1, 13920, 4800, 4801)),
              HasSubstr("progress.played_frame: 4801"));
  EXPECT_THAT(Say(Progress(1, 13920, 4800, -1)),
              HasSubstr("progress.played_frame"));
}

TEST_F(ResponseCheckerTest, RefusesPositionsThatGoBack) {
  EXPECT_EQ(Say(Progress(1, 13920, 4800, 960)), "OK");
  EXPECT_THAT(Say(Progress(1, 13920, 4799, 960)),
              HasSubstr("progress.received_frame: it goes back"));
  EXPECT_THAT(Say(Progress(1, 13920, 4800, 959)),
              HasSubstr("progress.played_frame: it goes back"));
}

TEST_F(ResponseCheckerTest, SilenceMayBePlayedBeforeItsEndIsKnown) {
  checker_.OnSilence();
  EXPECT_EQ(Say(Progress(1, 13920, 9600, 9600)), "OK");
  // The client ended it earlier.
  checker_.OnSent(9000);
  EXPECT_EQ(Say(Progress(1, 13920, 9000, 8600)), "OK");
  EXPECT_THAT(Say(Progress(1, 13920, 13921, 8600)),
              HasSubstr("progress.received_frame"));
}

TEST_F(ResponseCheckerTest, AnEndedEpochIsHeardOfUntilItIsDrained) {
  checker_.OnEnd(4800);
  checker_.OnBegin(2, 0, 48000);
  EXPECT_EQ(Say(Progress(1, 13920, 4800, 960)), "OK");
  EXPECT_EQ(Say(Progress(2, 9600, 0, 0)), "OK");
  EXPECT_THAT(Say(Drained(1, 4801)), HasSubstr("drained.played_frame"));
  EXPECT_EQ(Say(Drained(1, 4800)), "OK");
  EXPECT_THAT(Say(Drained(1, 4800)), HasSubstr("drained.epoch"));
  EXPECT_EQ(Say(Progress(1, 13920, 4800, 4800)), "OK");
  EXPECT_TRUE(checker_.in_epoch());
}

TEST_F(ResponseCheckerTest, RefusesAVolumeThatIsNone) {
  const auto volume = [](double gain_db) {
    v1::PlayResponse response;
    response.mutable_volume()->set_gain_db(gain_db);
    return response;
  };
  EXPECT_EQ(Say(volume(0)), "OK");
  EXPECT_EQ(Say(volume(-1e6)), "OK");
  EXPECT_THAT(Say(volume(0.1)), HasSubstr("volume.gain_db"));
  EXPECT_THAT(Say(volume(NAN)), HasSubstr("volume.gain_db"));
  EXPECT_THAT(Say(volume(-INFINITY)), HasSubstr("volume.gain_db"));
  checker_.OnOpen(false);
  EXPECT_THAT(Say(volume(0)), HasSubstr("volume: said before opened"));
}

TEST_F(ResponseCheckerTest, WhatANewerServerSaysIsPassedOver) {
  EXPECT_EQ(Say(v1::PlayResponse()), "OK");
}

}  // namespace
}  // namespace earshot
