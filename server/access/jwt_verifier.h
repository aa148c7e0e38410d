#ifndef EARSHOT_SERVER_ACCESS_JWT_VERIFIER_H_
#define EARSHOT_SERVER_ACCESS_JWT_VERIFIER_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/access/jwt_keys.h"
#include "server/refusal.h"

namespace earshot {

// Checks JSON Web Tokens (RFC 7519, in the compact form of RFC 7515) against
// the keys of an issuer: signature, `iss`, `aud`, `exp`, `nbf`. It takes RS256,
// PS256 and ES256 only, each only with a key of its kind, and nothing that the
// token brings along as a key. Never changes: a snapshot that any thread may
// use. One call costs one verification at most, of 8 KiB at most.
class JwtVerifier {
 public:
  static absl::StatusOr<std::shared_ptr<const JwtVerifier>> Create(
      const std::string& jwks, std::string issuer, std::string audience);

  // Whether it is worth a try: three parts of Base64.
  static bool LooksLikeJwt(absl::string_view token);

  // Refuses with BAD_TOKEN or TOKEN_EXPIRED; else gives the `sub`.
  Refusal Verify(absl::string_view token,
                 std::chrono::system_clock::time_point now,
                 std::string* subject) const;

  const JwtKeys& keys() const { return keys_; }

 private:
  JwtVerifier(JwtKeys keys, std::string issuer, std::string audience)
      : keys_(std::move(keys)),
        issuer_(std::move(issuer)),
        audience_(std::move(audience)) {}

  const JwtKey* FindKey(const std::string& algorithm, const std::string* kid,
                        std::string* why) const;

  const JwtKeys keys_;
  const std::string issuer_;
  const std::string audience_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_JWT_VERIFIER_H_
