#include "server/access/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kPolicy[] = R"(
  # Each desktop.
  grant {
    principal: "spiffe://example.org/vm/*"
    player: "{*}"
    player: "{*}-*"
  }
  grant { principal: ["token:alice", "jwt:alice"] listener: "alice-*" }
  grant { principal: "dns:ops.example.org" operator: true }
)";

std::shared_ptr<const Policy> Parsed(const std::string& text) {
  auto policy = Policy::Parse(text);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return policy.ok() ? *policy : nullptr;
}

std::string ErrorOf(const std::string& text) {
  return std::string(Policy::Parse(text).status().message());
}

TEST(PolicyTest, GivesAVmItsOwnStreams) {
  const Caller caller = Parsed(kPolicy)->Admit({"spiffe://example.org/vm/a"});
  EXPECT_TRUE(caller.MayPlay("a"));
  EXPECT_TRUE(caller.MayPlay("a-2"));
  EXPECT_FALSE(caller.MayPlay("b"));
  EXPECT_TRUE(caller.MaySee("a"));
  EXPECT_FALSE(caller.MaySee("b"));
  EXPECT_FALSE(caller.is_operator());
  EXPECT_THAT(caller.player_vms(), ElementsAre("a", "a-*"));
  EXPECT_THAT(caller.listener_vms(), IsEmpty());
}

TEST(PolicyTest, ACertificateForAStarIsNobody) {
  const Caller caller = Parsed(kPolicy)->Admit({"spiffe://example.org/vm/*"});
  EXPECT_FALSE(caller.MayPlay("a"));
  EXPECT_FALSE(caller.MayPlay("*"));
  EXPECT_THAT(caller.player_vms(), IsEmpty());
}

TEST(PolicyTest, ListenersSeeAndDoNotPlay) {
  const Caller caller = Parsed(kPolicy)->Admit({"jwt:alice"});
  EXPECT_TRUE(caller.MaySee("alice-1"));
  EXPECT_FALSE(caller.MaySee("bob-1"));
  EXPECT_FALSE(caller.MayPlay("alice-1"));
}

TEST(PolicyTest, OperatorsSeeAllAndPlayNothing) {
  const Caller caller = Parsed(kPolicy)->Admit({"dns:ops.example.org"});
  EXPECT_TRUE(caller.is_operator());
  EXPECT_TRUE(caller.MaySee("a"));
  EXPECT_FALSE(caller.MayPlay("a"));
}

TEST(PolicyTest, AddsUpWhatAllIdentitiesAreGiven) {
  const Caller caller = Parsed(kPolicy)->Admit(
      {"token:alice", "spiffe://example.org/vm/a", "dns:a.example.org"});
  EXPECT_EQ(caller.principal(), "token:alice");
  EXPECT_TRUE(caller.MayPlay("a"));
  EXPECT_TRUE(caller.MaySee("alice-1"));
  EXPECT_FALSE(caller.is_operator());
}

TEST(PolicyTest, WhomNoGrantFitsMayDoNothing) {
  for (const char* nobody : {"anonymous", "token:alic", "token:alice2",
                             "spiffe://example.net/vm/a", "dns:OPS"}) {
    const Caller caller = Parsed(kPolicy)->Admit({nobody});
    EXPECT_FALSE(caller.MayPlay("a")) << nobody;
    EXPECT_FALSE(caller.MaySee("alice-1")) << nobody;
    EXPECT_FALSE(caller.is_operator()) << nobody;
  }
}

TEST(PolicyTest, QuotasHaveDefaults) {
  EXPECT_EQ(Parsed(kPolicy)->quotas(), Quotas());
  const auto policy = Parsed(absl::StrCat(
      kPolicy,
      "quotas { max_streams_per_principal: 4 max_bytes_per_second: 0 }"));
  Quotas expected;
  expected.max_streams_per_principal = 4;
  expected.max_bytes_per_second = 0;
  EXPECT_EQ(policy->quotas(), expected);
}

TEST(PolicyTest, StreamsInAllAreAlwaysBounded) {
  EXPECT_EQ(Parsed(absl::StrCat(kPolicy, "quotas { max_streams: 0 }"))
                ->quotas()
                .max_streams,
            1000);
  EXPECT_THAT(ErrorOf(absl::StrCat(kPolicy, "quotas { max_streams: 1001 }")),
              HasSubstr("at most 1000"));
}

TEST(PolicyTest, SaysWhereAFieldIsUnknownAndWhichThereAre) {
  EXPECT_THAT(ErrorOf("grant {\n  players: \"a\"\n}"),
              AllOf(StartsWith("2:"), HasSubstr("players"),
                    HasSubstr("principal, player, listener, operator")));
  EXPECT_THAT(ErrorOf("grants {}"), HasSubstr("allowed are grant, quotas"));
  EXPECT_THAT(ErrorOf("quotas { streams: 1 }"),
              HasSubstr("max_streams_per_principal"));
}

TEST(PolicyTest, SaysWhereTheTextIsNone) {
  EXPECT_THAT(ErrorOf("grant {\n  principal \"a\"\n}"), StartsWith("2:13: "));
  EXPECT_THAT(ErrorOf("grant {"), StartsWith("1:8: "));
  EXPECT_THAT(ErrorOf("grant { operator: maybe }"), StartsWith("1:25: "));
}

TEST(PolicyTest, SaysWhereAPrincipalIsNone) {
  EXPECT_THAT(ErrorOf("grant {\n  principal: [\"dns:a\",\n    \"alice\"]\n"
                      "  player: \"a\"\n}"),
              AllOf(StartsWith("2:3: principal: \"alice\""),
                    HasSubstr("token:SUBJECT")));
}

TEST(PolicyTest, SaysWhereAVmIsNone) {
  EXPECT_THAT(ErrorOf("grant { principal: \"dns:a\"\n player: \"a/b\" }"),
              AllOf(StartsWith("2:2: player: "), HasSubstr("[A-Za-z0-9._-]")));
  EXPECT_THAT(ErrorOf("grant { principal: \"dns:a\"\n listener: \"*-*\" }"),
              StartsWith("2:2: listener: "));
}

TEST(PolicyTest, FilledInTextNeedsAStarInEachPrincipal) {
  EXPECT_THAT(
      ErrorOf("grant { principal: [\"dns:*\", \"dns:a\"] player: \"{*}\" }"),
      HasSubstr("each principal"));
}

TEST(PolicyTest, RefusesGrantsThatGiveNothing) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("at least one grant"));
  EXPECT_THAT(ErrorOf("grant { player: \"a\" }"),
              AllOf(StartsWith("1:1: "), HasSubstr("no principal")));
  EXPECT_THAT(ErrorOf("\ngrant { principal: \"dns:a\" operator: false }"),
              AllOf(StartsWith("2:1: "), HasSubstr("no role")));
}

TEST(PolicyTest, RefusesNegativeQuotas) {
  EXPECT_THAT(
      ErrorOf(absl::StrCat(kPolicy, "quotas {\n  max_connections: -1 }")),
      AllOf(HasSubstr("max_connections"), HasSubstr("-1 is negative")));
}

TEST(PolicyTest, BoundsWhatACallIsComparedWith) {
  std::string text;
  for (int i = 0; i <= 1000; ++i) {
    absl::StrAppend(&text, "grant { principal: \"dns:", i,
                    "*\" operator: true }\n");
  }
  EXPECT_THAT(ErrorOf(text), AllOf(StartsWith("1001:"), HasSubstr("1000")));
}

}  // namespace
}  // namespace earshot
