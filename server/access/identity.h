#ifndef EARSHOT_SERVER_ACCESS_IDENTITY_H_
#define EARSHOT_SERVER_ACCESS_IDENTITY_H_

#include <chrono>
#include <string>
#include <vector>

#include "server/access/call_credentials.h"
#include "server/access/jwt_verifier.h"
#include "server/access/token_file.h"
#include "server/refusal.h"

namespace earshot {

// All that credentials prove, as GetIdentity tells: the token's subject, the
// certificate's URIs, its DNS names; "anonymous" if nothing. A token that is
// wrong is refused, whatever the certificate is. `tokens` and `jwts` may be
// null.
Refusal FindIdentities(const CallCredentials& credentials,
                       const TokenFile* tokens, const JwtVerifier* jwts,
                       std::chrono::system_clock::time_point now,
                       std::vector<std::string>* identities);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_IDENTITY_H_
