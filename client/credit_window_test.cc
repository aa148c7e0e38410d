#include "client/credit_window.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(CreditWindowTest, GrantsNothingBeforeBegin) {
  EXPECT_EQ(CreditWindow().granted_frame(), 0);
}

TEST(CreditWindowTest, BeginGrantsTheInitialWindowFromThePosition) {
  CreditWindow credit;
  credit.Begin(1000, 9600);
  EXPECT_EQ(credit.granted_frame(), 10600);
}

TEST(CreditWindowTest, NeverGoesBackOnACall) {
  CreditWindow credit;
  credit.Begin(0, 9600);
  EXPECT_FALSE(credit.Grant(100));
  EXPECT_EQ(credit.granted_frame(), 9600);
  EXPECT_TRUE(credit.Grant(9601));
  EXPECT_FALSE(credit.Grant(9601));
  EXPECT_EQ(credit.granted_frame(), 9601);
}

TEST(CreditWindowTest, SkippedFramesUseNoCredit) {
  CreditWindow credit;
  credit.Begin(0, 9600);
  credit.Skip(144000);
  EXPECT_EQ(credit.granted_frame(), 153600);
  EXPECT_FALSE(credit.Grant(9700));
}

TEST(CreditWindowTest, ASkipThatWasLostIsCountedWhenItIsSaidAgain) {
  CreditWindow credit;
  credit.Begin(0, 9600);
  credit.Grant(12000);
  credit.Skip(1000);
  credit.Resume();
  EXPECT_EQ(credit.granted_frame(), 12000);
  credit.Skip(1000);
  EXPECT_EQ(credit.granted_frame(), 13000);
  credit.Grant(13500);
  credit.Resume();
  EXPECT_EQ(credit.granted_frame(), 13500);
}

}  // namespace
}  // namespace earshot
