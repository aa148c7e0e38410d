#include "server/open_silence.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(OpenSilenceTest, IsRecordableOnceSoMuchMoreWasPlayed) {
  OpenSilence silence(100);
  silence.Play(90);
  EXPECT_FALSE(silence.has_recordable());
  silence.Play(30);
  EXPECT_EQ(silence.TakeRecordable(), 20);
  EXPECT_EQ(silence.TakeRecordable(), 0);
}

TEST(OpenSilenceTest, IsRecordableOnceItIsSettled) {
  OpenSilence silence(100);
  silence.Play(90);
  silence.Settle(0);
  EXPECT_EQ(silence.TakeRecordable(), 90);
}

TEST(OpenSilenceTest, WhatWasTooFarIsTakenBack) {
  OpenSilence silence(100);
  silence.Play(120);
  silence.Settle(40);
  EXPECT_EQ(silence.TakeRecordable(), 80);
}

TEST(OpenSilenceTest, NoMoreIsTakenBackThanIsHeld) {
  OpenSilence silence(100);
  silence.Play(250);
  silence.Settle(200);
  EXPECT_EQ(silence.TakeRecordable(), 150);
  EXPECT_FALSE(silence.has_recordable());
}

}  // namespace
}  // namespace earshot
