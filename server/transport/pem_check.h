#ifndef EARSHOT_SERVER_TRANSPORT_PEM_CHECK_H_
#define EARSHOT_SERVER_TRANSPORT_PEM_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace earshot {

// When the first certificate of a PEM text ends to be valid, in UTC, such as
// 2027-01-31T12:00:00Z. An error if there is none.
absl::StatusOr<std::string> ExpiryOfCertificate(const std::string& pem);

// Whether the text holds a private key that needs no passphrase, and it is that
// of the first certificate.
absl::Status CheckIsKeyOf(const std::string& key_pem,
                          const std::string& certificate_pem);

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_PEM_CHECK_H_
