#include "server/access/token_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::Optional;
using testing::StartsWith;

// printf %s secret-1 | sha256sum
constexpr char kHash1[] =
    "f7e7c36e458e80e6b6a2c67d0a9ec09bd718dadd7bfa8d6bf6e7ad526e46c2f7";
constexpr char kHash2[] =
    "0000000000000000000000000000000000000000000000000000000000000002";

std::string ErrorOf(const std::string& text) {
  return std::string(TokenFile::Parse(text).status().message());
}

TEST(TokenFileTest, KnowsWhoseATokenIs) {
  const auto file = TokenFile::Parse(
      absl::StrCat("# Tokens.\n\nalice sha256:", kHash1,
                   "  # laptop\n\talice\t", "sha256:", kHash2, "\r\n"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT((*file)->SubjectOf("secret-1"), Optional(Eq("alice")));
  EXPECT_EQ((*file)->SubjectOf("secret-2"), std::nullopt);
  EXPECT_EQ((*file)->SubjectOf(""), std::nullopt);
  EXPECT_EQ((*file)->SubjectOf(kHash1), std::nullopt);
  EXPECT_THAT((*file)->subjects(), ElementsAre("alice"));
  EXPECT_EQ((*file)->tokens(), 2U);
}

TEST(TokenFileTest, SaysWhereALineIsWrong) {
  EXPECT_THAT(ErrorOf("\n  alice"),
              AllOf(StartsWith("2:8: the hash is missing"),
                    HasSubstr("SUBJECT sha256:HEX")));
  EXPECT_THAT(ErrorOf("alice secret-1"), StartsWith("1:7: the hash is none"));
  EXPECT_THAT(ErrorOf(absl::StrCat("alice sha256:", kHash1, "0")),
              StartsWith("1:7: "));
  EXPECT_THAT(ErrorOf(absl::StrCat("alice sha256:", kHash1, " x")),
              StartsWith("1:7: "));
  EXPECT_THAT(ErrorOf(absl::StrCat("al\"ice sha256:", kHash1)),
              StartsWith("1:1: the subject"));
}

TEST(TokenFileTest, RefusesATokenTwice) {
  EXPECT_THAT(
      ErrorOf(absl::StrCat("alice sha256:", kHash1, "\nbob sha256:", kHash1)),
      StartsWith("2:5: the token is there already"));
}

TEST(TokenFileTest, RefusesTheEmptyToken) {
  EXPECT_THAT(ErrorOf("alice sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e464"
                      "9b934ca495991b7852b855"),
              HasSubstr("empty token"));
}

TEST(TokenFileTest, RefusesAFileWithoutTokens) {
  EXPECT_THAT(ErrorOf("# none\n"), HasSubstr("no token"));
}

}  // namespace
}  // namespace earshot
