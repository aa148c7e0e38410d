#include "server/access/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::Optional;

TEST(PatternTest, FitsItselfWithoutAStar) {
  EXPECT_TRUE(Pattern("token:alice").Fits("token:alice"));
  EXPECT_FALSE(Pattern("token:alice").Fits("token:alice2"));
  EXPECT_FALSE(Pattern("token:alice").Fits("token:alic"));
}

TEST(PatternTest, StarStandsForAnyText) {
  const Pattern pattern("spiffe://example.org/*/vm");
  EXPECT_THAT(pattern.Captured("spiffe://example.org/a/b/vm"),
              Optional(Eq("a/b")));
  EXPECT_THAT(pattern.Captured("spiffe://example.org//vm"), Optional(Eq("")));
  EXPECT_EQ(pattern.Captured("spiffe://example.org/vm"), std::nullopt);
  EXPECT_EQ(pattern.Captured("xspiffe://example.org/a/vm"), std::nullopt);
}

TEST(PatternTest, WhatACertificateSaysIsNoPattern) {
  // Else a certificate for "*" could play as every VM.
  EXPECT_FALSE(FillIn("{*}", "*").has_value());
  EXPECT_FALSE(FillIn("{*}", "a/b").has_value());
  EXPECT_FALSE(FillIn("{*}", "").has_value());
  EXPECT_EQ(FillIn("{*}-*", "a")->text(), "a-*");
  EXPECT_EQ(FillIn("*", "a/b")->text(), "*");
}

TEST(PatternTest, TellsPrincipals) {
  for (const char* good :
       {"anonymous", "*", "dns:a.example.org", "dns:*.example.org", "jwt:*",
        "token:alice", "spiffe://example.org/vm/*", "urn:uuid:1", "t*"}) {
    EXPECT_TRUE(CheckPrincipal(good).ok()) << good;
  }
  for (const char* bad : {"", "alice", "dns:", ":a", "dns:*.*", "token:a b",
                          "token:\"", "1a:b", "anonymous "}) {
    EXPECT_THAT(std::string(CheckPrincipal(bad).message()),
                HasSubstr("token:SUBJECT"))
        << bad;
  }
}

TEST(PatternTest, TellsVms) {
  for (const char* good : {"a", "*", "desktop-*", "{*}", "{*}-*", "a.B_c-1"}) {
    EXPECT_TRUE(CheckVms(good).ok()) << good;
  }
  for (const char* bad : {"", "a/b", "**", "*-*", "{a}", "a b", "{*"}) {
    EXPECT_THAT(std::string(CheckVms(bad).message()), HasSubstr("63")) << bad;
  }
  EXPECT_FALSE(CheckVms(std::string(64, 'a')).ok());
}

TEST(PatternTest, IdentitiesAreVisible) {
  EXPECT_TRUE(IsIdentityText("dns:*.example.org"));
  EXPECT_FALSE(IsIdentityText(""));
  EXPECT_FALSE(IsIdentityText("a b"));
  EXPECT_FALSE(IsIdentityText("a\nb"));
  EXPECT_FALSE(IsIdentityText(absl::string_view("a\0b", 3)));
  EXPECT_FALSE(IsIdentityText("a\"b"));
  EXPECT_FALSE(IsIdentityText("\xc3\xbc"));
}

}  // namespace
}  // namespace earshot
