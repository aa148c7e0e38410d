#include "server/resume_token.h"

#include <gtest/gtest.h>

namespace earshot {
namespace {

TEST(ResumeTokenTest, NoTwoAreTheSame) {
  const std::string token = NewResumeToken();
  EXPECT_EQ(token.size(), 16u);
  EXPECT_TRUE(SameToken(token, token));
  EXPECT_FALSE(SameToken(token, NewResumeToken()));
}

TEST(ResumeTokenTest, EveryByteCounts) {
  EXPECT_TRUE(SameToken("abc", "abc"));
  EXPECT_FALSE(SameToken("abc", "abx"));
  EXPECT_FALSE(SameToken("abc", "xbc"));
  EXPECT_FALSE(SameToken("abc", "ab"));
  EXPECT_FALSE(SameToken("", "a"));
}

}  // namespace
}  // namespace earshot
