#include "client/cli/identity_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;

TEST(IdentityTextTest, SaysWhoAndWhat) {
  v1::GetIdentityResponse identity;
  identity.set_principal("token:alice");
  identity.add_identities("token:alice");
  identity.add_identities("dns:a.example.org");
  identity.add_player_vms("alice-*");
  identity.set_peer("ipv4:192.0.2.7:1");
  identity.set_transport("tls");
  identity.set_server_version("0.1.0");
  const std::string text = IdentityText(identity, "host:1");
  for (const char* words :
       {"You are token:alice to host:1, over tls, coming from ipv4:192.0.2.7:1",
        "dns:a.example.org", "play as: alice-*", "see and hear: the same",
        "no operator", "0.1.0"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
}

TEST(IdentityTextTest, WhoMayDoEverythingIsToldSo) {
  v1::GetIdentityResponse identity;
  identity.set_principal("anonymous");
  identity.add_player_vms("*");
  identity.set_is_operator(true);
  const std::string text = IdentityText(identity, "host:1");
  EXPECT_THAT(text, HasSubstr("play as: every VM"));
  EXPECT_THAT(text, HasSubstr("see and hear: every VM"));
}

TEST(FitsOneTest, OneStarStandsForAnyText) {
  google::protobuf::RepeatedPtrField<std::string> patterns;
  EXPECT_FALSE(FitsOne(patterns, "a"));
  *patterns.Add() = "desk-*-x";
  *patterns.Add() = "b";
  EXPECT_TRUE(FitsOne(patterns, "desk-1-x"));
  EXPECT_TRUE(FitsOne(patterns, "desk--x"));
  EXPECT_FALSE(FitsOne(patterns, "desk-x"));
  EXPECT_TRUE(FitsOne(patterns, "b"));
  EXPECT_FALSE(FitsOne(patterns, "bb"));
}

}  // namespace
}  // namespace earshot
