#ifndef EARSHOT_SERVER_ACCESS_JWT_CLAIMS_H_
#define EARSHOT_SERVER_ACCESS_JWT_CLAIMS_H_

#include <chrono>
#include <string>

#include "absl/strings/string_view.h"
#include "server/refusal.h"

namespace earshot {

// Checks the claims of a token whose signature is right (RFC 7519, 4.1): `iss`
// and `aud` as expected, `exp` there and to come, `nbf`, if there, past; both
// with 30 s for clocks that differ. Gives the `sub`.
Refusal CheckClaims(absl::string_view json, const std::string& issuer,
                    const std::string& audience,
                    std::chrono::system_clock::time_point now,
                    std::string* subject);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_JWT_CLAIMS_H_
