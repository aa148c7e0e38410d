#include "server/access/jwt_verifier.h"

#include <cjose/cjose.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/access/jwt_claims.h"

namespace earshot {
namespace {

// gRPC takes no more metadata of a call either.
constexpr size_t kMaxTokenBytes = 8192;

struct Release {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
using Jws = std::unique_ptr<cjose_jws_t, Release>;

Refusal Bad(absl::string_view message) {
  return {Reason::kBadToken, "authorization", std::string(message)};
}

const char* HeaderText(cjose_jws_t* jws, const char* name) {
  cjose_err error{};
  return cjose_header_get(cjose_jws_get_protected(jws), name, &error);
}

bool HasHeader(cjose_jws_t* jws, const char* name) {
  cjose_err error{};
  char* const raw =
      cjose_header_get_raw(cjose_jws_get_protected(jws), name, &error);
  std::free(raw);
  return raw != nullptr;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const JwtVerifier>> JwtVerifier::Create(
    const std::string& jwks, std::string issuer, std::string audience) {
  absl::StatusOr<JwtKeys> keys = ParseJwtKeys(jwks);
  if (!keys.ok()) return keys.status();
  return std::shared_ptr<const JwtVerifier>(new JwtVerifier(
      *std::move(keys), std::move(issuer), std::move(audience)));
}

bool JwtVerifier::LooksLikeJwt(absl::string_view token) {
  return std::count(token.begin(), token.end(), '.') == 2 &&
         std::all_of(token.begin(), token.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

Refusal JwtVerifier::Verify(absl::string_view token,
                            std::chrono::system_clock::time_point now,
                            std::string* subject) const {
  if (token.size() > kMaxTokenBytes) {
    return Bad(
        absl::StrCat("the token has more than ", kMaxTokenBytes, " bytes"));
  }
  if (!LooksLikeJwt(token)) return Bad("the token is no signed JWT");
  cjose_err error{};
  const Jws jws(cjose_jws_import(token.data(), token.size(), &error));
  if (jws == nullptr) return Bad("the token is no signed JWT");
  const char* const algorithm = HeaderText(jws.get(), "alg");
  const char* const kid = HeaderText(jws.get(), "kid");
  // RFC 7515, 4.1.11: what is critical has to be understood.
  if (algorithm == nullptr || HasHeader(jws.get(), "crit") ||
      (kid == nullptr && HasHeader(jws.get(), "kid"))) {
    return Bad("the token's header asks for more than is understood");
  }
  const std::string kid_text = kid == nullptr ? "" : kid;
  std::string why;
  const JwtKey* const key =
      FindKey(algorithm, kid == nullptr ? nullptr : &kid_text, &why);
  if (key == nullptr) return Bad(why);
  const bool right = cjose_jws_verify(jws.get(), key->key.get(), &error);
  // gRPC's TLS must not find them.
  ERR_clear_error();
  if (!right) return Bad("the token's signature is wrong");
  uint8_t* claims = nullptr;
  size_t size = 0;
  if (!cjose_jws_get_plaintext(jws.get(), &claims, &size, &error)) {
    return Bad("the token has no claims");
  }
  return CheckClaims({reinterpret_cast<const char*>(claims), size}, issuer_,
                     audience_, now, subject);
}

const JwtKey* JwtVerifier::FindKey(const std::string& algorithm,
                                   const std::string* kid,
                                   std::string* why) const {
  const JwtKey* found = nullptr;
  for (const JwtKey& key : keys_.keys) {
    if (kid != nullptr && key.kid != *kid) continue;
    if (std::find(key.algorithms.begin(), key.algorithms.end(), algorithm) ==
        key.algorithms.end()) {
      continue;
    }
    if (found != nullptr) {
      *why = "several keys fit: the token has to say its kid";
      return nullptr;
    }
    found = &key;
  }
  // Its words are not repeated: they come from anybody.
  if (found == nullptr) {
    *why =
        "no key of the issuer fits the token's kid and alg; RS256, PS256 and "
        "ES256 are taken";
  }
  return found;
}

}  // namespace earshot
