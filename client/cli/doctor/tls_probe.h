#ifndef EARSHOT_CLIENT_CLI_DOCTOR_TLS_PROBE_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_TLS_PROBE_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/doctor/address_checks.h"
#include "client/cli/doctor/certificate.h"

namespace earshot {

// With what a client goes into a TLS handshake. Files may be empty.
struct TlsMaterial {
  std::string ca_file;  // else the system's roots
  std::string cert_file;
  std::string key_file;
  std::string server_name;  // which the server's certificate has to be for
};

// What became of a TLS handshake. It goes on in spite of a certificate that
// cannot be trusted, so that all that is wrong is known.
struct TlsProbe {
  enum class End {
    kOwnFiles,  // a file of ours is no good: `detail`
    kSilent,    // nothing came in time
    kClosed,    // the server hung up, before or after the handshake
    kAlert,     // the server refused, and said why: `detail`
    kNotTls,    // what came was no TLS
    kBroken,    // another trouble: `detail`
    kHttp2,     // HTTP/2 was spoken inside
  };
  End end = End::kBroken;
  bool handshake = false;  // it was completed, as far as we can see
  std::string detail;
  std::string version;                     // "TLSv1.3"
  std::string alpn;                        // "h2"; empty if none was agreed on
  std::optional<Certificate> certificate;  // of the server
  // OpenSSL's codes of all that is wrong with it (X509_V_ERR_...).
  std::vector<int> faults;
  // The server asked for a certificate of ours.
  bool wants_certificate = false;
  // Which it would take: names of CAs; it may not say.
  std::vector<std::string> wanted_issuers;
};

TlsProbe ProbeTls(const Place& place, const TlsMaterial& material,
                  std::chrono::milliseconds patience);

// What a server says to a client that speaks HTTP/2 without TLS.
struct PlaintextProbe {
  enum class Answer { kHttp2, kHttp1, kTls, kClosed, kSilent, kOther };
  Answer answer = Answer::kSilent;
  std::string said;  // the beginning of what came
};

PlaintextProbe ProbePlaintext(const Place& place,
                              std::chrono::milliseconds patience);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_TLS_PROBE_H_
