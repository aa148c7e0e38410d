#ifndef EARSHOT_CLIENT_CERTIFICATE_CHECK_H_
#define EARSHOT_CLIENT_CERTIFICATE_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace earshot {

// Whether PEM texts can be used at all, so that a file that is wrong is named
// before TLS only says that it failed. Says nothing of trust or dates.

// At least one certificate.
absl::Status CheckCertificates(const std::string& pem);
// The key is readable without a passphrase, and the first certificate's own.
absl::Status CheckKeyPair(const std::string& certificates,
                          const std::string& key);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CERTIFICATE_CHECK_H_
