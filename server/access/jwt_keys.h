#ifndef EARSHOT_SERVER_ACCESS_JWT_KEYS_H_
#define EARSHOT_SERVER_ACCESS_JWT_KEYS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

struct _cjose_jwk_int;

namespace earshot {

// One public key of a JWKS file (RFC 7517).
struct JwtKey {
  std::string kid;                      // may be empty
  std::vector<std::string> algorithms;  // RS256 and PS256, or ES256
  int bits = 0;
  std::shared_ptr<const _cjose_jwk_int> key;
};

// The keys that JWTs may be signed by, and why others of the file are not used.
// Never changes: a snapshot that any thread may use.
struct JwtKeys {
  std::vector<JwtKey> keys;
  std::vector<std::string> unused;  // such as "key 2 (kid x): ..."
};

// Takes RSA keys of 2048 to 4096 bits and keys of the curve P-256. An error, in
// one line, if the text is no JWKS, holds a private key, or none of its keys
// can be used.
absl::StatusOr<JwtKeys> ParseJwtKeys(const std::string& text);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_JWT_KEYS_H_
