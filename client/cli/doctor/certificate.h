#ifndef EARSHOT_CLIENT_CLI_DOCTOR_CERTIFICATE_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_CERTIFICATE_H_

#include <openssl/x509.h>

#include <cstdint>
#include <string>
#include <vector>

namespace earshot {

// What a certificate says, in words.
struct Certificate {
  std::string subject;
  std::string issuer;
  // "DNS:a.example.org", "IP:192.0.2.7", "URI:spiffe://..."
  std::vector<std::string> names;
  // Seconds since 1970.
  int64_t not_before_s = 0;
  int64_t not_after_s = 0;
};

Certificate ReadCertificate(X509* certificate);

// "2026-11-22 23:59:59 UTC".
std::string UtcTime(int64_t seconds);
// "13 days", "5 hours".
std::string LongTime(int64_t seconds);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_CERTIFICATE_H_
