#include "server/web/web_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using testing::ElementsAre;

TEST(ParseTarget, SplitsAndDecodes) {
  const auto target =
      ParseTarget("/v1/listen/vms/a%20b/streams/0?x=1&filter=state+%3D+IDLE");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/v1/listen/vms/a b/streams/0");
  EXPECT_EQ(target->filter, "state = IDLE");
  EXPECT_EQ(ParseTarget("/a+b")->path, "/a+b");
}

TEST(ParseTarget, TakesNoHalfEscapesAndNoOtherForms) {
  for (const char* target :
       {"", "*", "http://a/", "a", "/%", "/%4", "/%zz", "/?filter=%f"}) {
    EXPECT_FALSE(ParseTarget(target).has_value()) << target;
  }
}

TEST(CredentialsOf, TakesTheTokenFromTheHeaderOrASubprotocol) {
  WebRequest request;
  request.authorization = {"Bearer abc"};
  request.uris = {"spiffe://a"};
  EXPECT_THAT(CredentialsOf(request).authorization, ElementsAre("Bearer abc"));
  EXPECT_THAT(CredentialsOf(request).uris, ElementsAre("spiffe://a"));

  WebRequest socket;
  socket.subprotocols = "earshot.v1, earshot.bearer.YWxpY2UtdG9rZW4";
  EXPECT_THAT(CredentialsOf(socket).authorization,
              ElementsAre("Bearer alice-token"));
  EXPECT_TRUE(OffersSubprotocol(socket));
}

TEST(CredentialsOf, ASubprotocolThatHoldsNoTokenProvesNothing) {
  WebRequest socket;
  socket.subprotocols = "earshot.bearer.!!!";
  EXPECT_THAT(CredentialsOf(socket).authorization, ElementsAre("Bearer "));
  EXPECT_FALSE(OffersSubprotocol(socket));
  socket.subprotocols = "earshot.v10";
  EXPECT_FALSE(OffersSubprotocol(socket));
}

TEST(IsOfThisOrigin, ComparesNameAndPort) {
  WebRequest request;
  request.host = "desk.example.org:8080";
  EXPECT_TRUE(IsOfThisOrigin(request));  // no page asks
  request.origin = "https://Desk.example.org:8080";
  EXPECT_TRUE(IsOfThisOrigin(request));
  for (const char* other :
       {"https://desk.example.org", "https://desk.example.org:8081",
        "https://evil.example.org:8080", "null"}) {
    request.origin = other;
    EXPECT_FALSE(IsOfThisOrigin(request)) << other;
  }
}

TEST(IsNearHost, KnowsAddressesAndThisMachine) {
  for (const char* near : {"localhost", "localhost:8080", "127.0.0.1:80",
                           "10.0.0.7", "[::1]:8080", "a.localhost:1"}) {
    EXPECT_TRUE(IsNearHost(near)) << near;
  }
  for (const char* far : {"", ":80", "evil.example.org",
                          "localhost.evil.org:80", "1.2.3.4.evil.org"}) {
    EXPECT_FALSE(IsNearHost(far)) << far;
  }
}

}  // namespace
}  // namespace earshot
