// What a caller or an operator's files may bring: the first byte says as what
// the others are taken. Nothing that was not signed or hashed proves anything.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "server/access/identity.h"
#include "server/access/jwt_claims.h"
#include "server/access/jwt_keys.h"
#include "server/access/jwt_verifier.h"
#include "server/access/pattern.h"
#include "server/access/token_file.h"

namespace {

// A key whose private part nobody has; it has signed one token, of alice, which
// is in the corpus.
constexpr char kJwks[] =
    R"({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k",
    "x": "Hc91yJQski-z5WfzT3vMtheWNIV5qge2tA5xxLSE6bg",
    "y": "nTbakUlgkJ-0gwhzAnuArSco0iiRRwpQguDQt6o9JFA"}]})";
constexpr char kTokens[] =
    "bob "
    "sha256:f7e7c36e458e80e6b6a2c67d0a9ec09bd718dadd7bfa8d6bf6e7ad526e46c2f7";
constexpr std::chrono::system_clock::time_point kNow(
    std::chrono::seconds(1'800'000'000));

void Expect(bool good) {
  if (!good) std::abort();
}

void TakeTokens(const std::string& text) {
  const auto file = earshot::TokenFile::Parse(text);
  if (!file.ok()) return;
  Expect((*file)->tokens() >= (*file)->subjects().size());
  for (const std::string& subject : (*file)->subjects()) {
    Expect(earshot::IsIdentityText(subject));
  }
  Expect(!(*file)->SubjectOf("").has_value());
}

void TakeKeys(const std::string& text) {
  const auto keys = earshot::ParseJwtKeys(text);
  if (!keys.ok()) return;
  Expect(!keys->keys.empty());
  for (const earshot::JwtKey& key : keys->keys) {
    Expect(key.key != nullptr && !key.algorithms.empty());
    Expect(key.bits == 256 || key.bits >= 2048);
  }
}

void TakeClaims(const std::string& text) {
  std::string subject;
  if (earshot::CheckClaims(text, "i", "a", kNow, &subject).ok()) {
    Expect(earshot::IsIdentityText(subject));
  }
}

// As the metadata and the certificate's names, a line each.
void TakeCall(const std::string& text) {
  static const auto tokens = *earshot::TokenFile::Parse(kTokens);
  static const auto jwts = *earshot::JwtVerifier::Create(kJwks, "i", "a");
  const size_t end = text.find('\n');
  earshot::CallCredentials credentials;
  credentials.authorization = {"Bearer " + text.substr(0, end)};
  if (end != std::string::npos) {
    credentials.uris = {text.substr(end + 1)};
    credentials.dns_names = credentials.uris;
  }
  std::vector<std::string> identities;
  const earshot::Refusal refusal = earshot::FindIdentities(
      credentials, tokens.get(), jwts.get(), kNow, &identities);
  if (refusal.ok()) {
    Expect(identities[0] == "jwt:alice" || identities[0] == "token:bob");
  }
  credentials.authorization.clear();
  Expect(earshot::FindIdentities(credentials, tokens.get(), jwts.get(), kNow,
                                 &identities)
             .ok());
  for (const std::string& identity : identities) {
    Expect(earshot::IsIdentityText(identity));
    Expect(!absl::StartsWith(identity, "jwt:") &&
           !absl::StartsWith(identity, "token:"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 't':
      TakeTokens(text);
      break;
    case 'k':
      TakeKeys(text);
      break;
    case 'c':
      TakeClaims(text);
      break;
    default:
      TakeCall(text);
  }
  return 0;
}
