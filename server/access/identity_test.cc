#include "server/access/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/access/test_issuer.h"

namespace earshot {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using testing::ElementsAre;

constexpr long long kNow = 1'800'000'000;
// printf %s secret-1 | sha256sum
constexpr char kTokens[] =
    "alice "
    "sha256:f7e7c36e458e80e6b6a2c67d0a9ec09bd718dadd7bfa8d6bf6e7ad526e46c2f7";

class IdentityTest : public testing::Test {
 protected:
  IdentityTest()
      : tokens_(*TokenFile::Parse(kTokens)),
        jwts_(
            *JwtVerifier::Create(issuer_.Jwks(), kTestIssuer, kTestAudience)) {}

  Reason Find(const CallCredentials& credentials) {
    return Find(credentials, tokens_.get(), jwts_.get());
  }

  Reason Find(const CallCredentials& credentials, const TokenFile* tokens,
              const JwtVerifier* jwts) {
    return FindIdentities(credentials, tokens, jwts,
                          system_clock::time_point(seconds(kNow)), &identities_)
        .reason;
  }

  std::string Jwt(long long expires = kNow + 60) {
    return "Bearer " + issuer_.Sign("ES256", Claims("bob", expires));
  }

  const TestIssuer issuer_{"EC", "k", 256};
  const std::shared_ptr<const TokenFile> tokens_;
  const std::shared_ptr<const JwtVerifier> jwts_;
  std::vector<std::string> identities_;
};

TEST_F(IdentityTest, NothingIsAnonymous) {
  EXPECT_EQ(Find({}), Reason::kNone);
  EXPECT_THAT(identities_, ElementsAre("anonymous"));
}

TEST_F(IdentityTest, TheTokenComesFirst) {
  EXPECT_EQ(Find({{"Bearer secret-1"},
                  {"spiffe://example.org/vm/a", "urn:x:y"},
                  {"A.example.org"}}),
            Reason::kNone);
  EXPECT_THAT(identities_,
              ElementsAre("token:alice", "spiffe://example.org/vm/a", "urn:x:y",
                          "dns:a.example.org"));
  EXPECT_EQ(Find({{Jwt()}, {}, {}}), Reason::kNone);
  EXPECT_THAT(identities_, ElementsAre("jwt:bob"));
}

TEST_F(IdentityTest, ACertificateCannotPassForAnotherKind) {
  EXPECT_EQ(Find({{},
                  {"token:alice", "JWT:bob", "dns:ops", "anonymous", "x y:z",
                   std::string("spiffe://a\0b", 12), "https://a"},
                  {"a b", std::string(513, 'a'), "b"}}),
            Reason::kNone);
  EXPECT_THAT(identities_, ElementsAre("https://a", "dns:b"));
}

TEST_F(IdentityTest, AWrongTokenIsRefusedWhateverTheCertificateIs) {
  for (const char* wrong :
       {"Bearer secret-2", "Bearer ", "Bearer",
        "Basic c2VjcmV0LTE=", "secret-1", "", "Bearer a.b.c"}) {
    EXPECT_EQ(Find({{wrong}, {"spiffe://example.org/vm/a"}, {}}),
              Reason::kBadToken)
        << wrong;
  }
  EXPECT_EQ(Find({{"Bearer secret-1", "Bearer secret-1"}, {}, {}}),
            Reason::kBadToken);
}

TEST_F(IdentityTest, TheSchemeMayBeWrittenAsOneLikes) {
  EXPECT_EQ(Find({{"bearer  secret-1 "}, {}, {}}), Reason::kNone);
  EXPECT_THAT(identities_, ElementsAre("token:alice"));
}

TEST_F(IdentityTest, AnExpiredTokenIsCalledSo) {
  EXPECT_EQ(Find({{Jwt(kNow - 60)}, {}, {}}), Reason::kTokenExpired);
}

TEST_F(IdentityTest, TakesTheKindsOfTokensThatThereAreFilesFor) {
  EXPECT_EQ(Find({{"Bearer secret-1"}, {}, {}}, nullptr, nullptr),
            Reason::kBadToken);
  EXPECT_EQ(Find({{"Bearer secret-1"}, {}, {}}, nullptr, jwts_.get()),
            Reason::kBadToken);
  EXPECT_EQ(Find({{Jwt()}, {}, {}}, tokens_.get(), nullptr), Reason::kBadToken);
}

}  // namespace
}  // namespace earshot
