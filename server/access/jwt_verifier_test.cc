#include "server/access/jwt_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/access/test_issuer.h"

namespace earshot {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr long long kNow = 1'800'000'000;
constexpr long long kLater = kNow + 3600;

const TestIssuer& Rsa() {
  static const TestIssuer* const issuer = new TestIssuer("RSA", "rsa", 2048);
  return *issuer;
}

const TestIssuer& Ec() {
  static const TestIssuer* const issuer = new TestIssuer("EC", "ec", 256);
  return *issuer;
}

std::string KeySet(std::initializer_list<std::string> keys) {
  std::string text;
  for (const std::string& key : keys) {
    absl::StrAppend(&text, text.empty() ? "" : ",", key);
  }
  return "{\"keys\": [" + text + "]}";
}

class JwtVerifierTest : public testing::Test {
 protected:
  JwtVerifierTest() { Use({Rsa().Key(), Ec().Key()}); }

  void Use(std::initializer_list<std::string> keys) {
    auto verifier =
        JwtVerifier::Create(KeySet(keys), kTestIssuer, kTestAudience);
    ASSERT_TRUE(verifier.ok()) << verifier.status();
    verifier_ = *verifier;
  }

  Reason Verify(const std::string& token, long long now = kNow) {
    subject_.clear();
    const Refusal refusal = verifier_->Verify(
        token, system_clock::time_point(seconds(now)), &subject_);
    message_ = refusal.message;
    return refusal.reason;
  }

  Reason VerifyClaims(const std::string& claims) {
    return Verify(Ec().Sign("ES256", claims));
  }

  std::shared_ptr<const JwtVerifier> verifier_;
  std::string subject_;
  std::string message_;
};

std::string ErrorOf(const std::string& jwks) {
  return std::string(
      JwtVerifier::Create(jwks, kTestIssuer, kTestAudience).status().message());
}

TEST_F(JwtVerifierTest, TakesWhatTheIssuerHasSigned) {
  for (const auto& [issuer, alg] :
       {std::pair<const TestIssuer&, const char*>(Rsa(), "RS256"),
        {Rsa(), "PS256"},
        {Ec(), "ES256"}}) {
    EXPECT_EQ(Verify(issuer.Sign(alg, Claims("alice", kLater))), Reason::kNone)
        << alg << message_;
    EXPECT_EQ(subject_, "alice");
  }
}

TEST_F(JwtVerifierTest, RefusesOtherAlgorithmsWithTheSameKey) {
  for (const char* alg : {"RS384", "RS512", "PS384"}) {
    EXPECT_EQ(Verify(Rsa().Sign(alg, Claims("alice", kLater))),
              Reason::kBadToken)
        << alg;
  }
}

TEST_F(JwtVerifierTest, RefusesWhatIsNotSigned) {
  for (const char* alg : {"none", "None", "HS256"}) {
    const std::string header = absl::WebSafeBase64Escape(
        absl::StrCat("{\"alg\": \"", alg, "\", \"kid\": \"rsa\"}"));
    const std::string claims =
        absl::WebSafeBase64Escape(Claims("alice", kLater));
    for (const char* signature : {"", "AAAA"}) {
      EXPECT_EQ(Verify(absl::StrCat(header, ".", claims, ".", signature)),
                Reason::kBadToken)
          << alg;
    }
  }
}

TEST_F(JwtVerifierTest, RefusesSharedSecrets) {
  const TestIssuer secret("oct", "rsa", 256);
  EXPECT_EQ(Verify(secret.Sign("HS256", Claims("alice", kLater))),
            Reason::kBadToken);
  EXPECT_THAT(ErrorOf(KeySet({"{\"kty\": \"oct\", \"k\": \"AAAA\"}"})),
              HasSubstr("HMAC"));
}

TEST_F(JwtVerifierTest, RefusesAnothersSignature) {
  const TestIssuer other("EC", "ec", 256);
  EXPECT_EQ(Verify(other.Sign("ES256", Claims("alice", kLater))),
            Reason::kBadToken);
  EXPECT_THAT(message_, HasSubstr("signature is wrong"));
}

TEST_F(JwtVerifierTest, RefusesEveryChangedByte) {
  const std::string token = Ec().Sign("ES256", Claims("alice", kLater));
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (Verify(changed) != Reason::kNone) continue;
    // The last letter of a part may hold bits that say nothing.
    EXPECT_TRUE(i + 1 == token.size() || token[i + 1] == '.') << i;
  }
}

TEST_F(JwtVerifierTest, RefusesAnUnknownKey) {
  const TestIssuer other("EC", "other", 256);
  EXPECT_EQ(Verify(other.Sign("ES256", Claims("alice", kLater))),
            Reason::kBadToken);
  EXPECT_THAT(message_, HasSubstr("no key"));
}

TEST_F(JwtVerifierTest, WithoutKidOneKeyOnlyMayFit) {
  const TestIssuer one("EC", "", 256);
  const TestIssuer two("EC", "", 256);
  Use({one.Key()});
  EXPECT_EQ(Verify(one.Sign("ES256", Claims("alice", kLater))), Reason::kNone);
  Use({one.Key(), two.Key()});
  EXPECT_EQ(Verify(one.Sign("ES256", Claims("alice", kLater))),
            Reason::kBadToken);
  EXPECT_THAT(message_, HasSubstr("kid"));
}

TEST_F(JwtVerifierTest, TakesNoKeyThatTheTokenBrings) {
  const TestIssuer other("EC", "", 256);
  EXPECT_EQ(
      Verify(other.Sign("ES256", Claims("alice", kLater), "jwk", other.Key())),
      Reason::kBadToken);
}

TEST_F(JwtVerifierTest, RefusesWhatIsCritical) {
  EXPECT_EQ(
      Verify(Ec().Sign("ES256", Claims("alice", kLater), "crit", "[\"exp\"]")),
      Reason::kBadToken);
  EXPECT_THAT(message_, HasSubstr("more than is understood"));
}

TEST_F(JwtVerifierTest, TellsWhenATokenHasExpired) {
  const std::string token = Ec().Sign("ES256", Claims("alice", kNow));
  EXPECT_EQ(Verify(token, kNow + 29), Reason::kNone);
  EXPECT_EQ(Verify(token, kNow + 30), Reason::kTokenExpired);
}

TEST_F(JwtVerifierTest, ATokenThatNeverExpiresIsNone) {
  EXPECT_EQ(
      VerifyClaims(absl::StrCat("{\"iss\": \"", kTestIssuer, "\", \"aud\": \"",
                                kTestAudience, "\", \"sub\": \"alice\"}")),
      Reason::kBadToken);
  EXPECT_THAT(message_, HasSubstr("exp"));
}

TEST_F(JwtVerifierTest, RefusesClaimsForOthers) {
  const auto claims = [](const char* iss, const char* aud, const char* more) {
    return absl::StrCat("{\"iss\": ", iss, ", \"aud\": ", aud,
                        ", \"sub\": \"alice\", \"exp\": ", kLater, more, "}");
  };
  const char* const iss = "\"https://issuer.test\"";
  EXPECT_EQ(VerifyClaims(claims(iss, "[\"x\", \"earshot\"]", "")),
            Reason::kNone);
  EXPECT_EQ(VerifyClaims(claims(iss, "[\"x\"]", "")), Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims(iss, "[]", "")), Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims(iss, "\"earshot2\"", "")), Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims(iss, "{}", "")), Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims("\"https://other\"", "\"earshot\"", "")),
            Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims("1", "\"earshot\"", "")), Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims(iss, "\"earshot\"", ", \"nbf\": 1800000030")),
            Reason::kNone);
  EXPECT_EQ(VerifyClaims(claims(iss, "\"earshot\"", ", \"nbf\": 1800000031")),
            Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims(iss, "\"earshot\"", ", \"nbf\": \"0\"")),
            Reason::kBadToken);
  EXPECT_EQ(VerifyClaims(claims(iss, "\"earshot\"", ", \"sub\": \"bob\"")),
            Reason::kBadToken);
}

TEST_F(JwtVerifierTest, RefusesSubjectsThatCannotBeWritten) {
  for (const char* subject :
       {"", "a b", "\\n", "\\u0000", "\\\"", "\xc3\xbc"}) {
    EXPECT_EQ(VerifyClaims(Claims(subject, kLater)), Reason::kBadToken)
        << subject;
  }
  EXPECT_EQ(VerifyClaims(Claims(std::string(257, 'a'), kLater)),
            Reason::kBadToken);
}

TEST_F(JwtVerifierTest, RefusesWhatIsNoToken) {
  for (const char* token : {"", "..", "a.b.c", "....", "e30.e30.e30",
                            "bm8.bm8.bm8", "a.b", "W10.W10.AA"}) {
    EXPECT_EQ(Verify(token), Reason::kBadToken) << token;
  }
  EXPECT_EQ(Verify(std::string(1 << 20, 'a')), Reason::kBadToken);
}

TEST_F(JwtVerifierTest, TellsWhichKeysItDoesNotUse) {
  const TestIssuer p384("EC", "p384", 384);
  const TestIssuer weak("RSA", "weak", 1024);
  const auto verifier = JwtVerifier::Create(
      KeySet({Rsa().Key(), p384.Key(), weak.Key(),
              "{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"AAAA\"}", "7",
              "{\"kty\": \"RSA\", \"use\": \"enc\"}",
              "{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"AA\"}",
              "{\"kty\": \"RSA\", \"n\": \"AAAAA=AA\", \"e\": \"AQAB\"}"}),
      kTestIssuer, kTestAudience);
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  EXPECT_EQ((*verifier)->keys().keys.size(), 1U);
  EXPECT_EQ((*verifier)->keys().keys[0].bits, 2048);
  EXPECT_THAT((*verifier)->keys().unused,
              ElementsAre(HasSubstr("P-256"), HasSubstr("1024 bits"),
                          HasSubstr("key 4: used are"), HasSubstr("key 5"),
                          HasSubstr("use is not sig"), HasSubstr("no key"),
                          HasSubstr("no key")));
}

TEST_F(JwtVerifierTest, RefusesFilesThatAreNoKeys) {
  EXPECT_THAT(ErrorOf("{\n\"keys\": ["), HasSubstr("2:"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("keys"));
  EXPECT_THAT(ErrorOf("{\"keys\": []}"), HasSubstr("no key that can be used"));
  EXPECT_THAT(ErrorOf(KeySet({Ec().Key(true)})), HasSubstr("private"));
}

}  // namespace
}  // namespace earshot
