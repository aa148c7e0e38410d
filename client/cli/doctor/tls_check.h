#ifndef EARSHOT_CLIENT_CLI_DOCTOR_TLS_CHECK_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_TLS_CHECK_H_

#include <cstdint>

#include "client/cli/doctor/finding.h"
#include "client/cli/doctor/tls_probe.h"

namespace earshot {

// What a TLS handshake says, in words. `plaintext` is what the server says
// without TLS, asked only where it helps: where the handshake did not even
// begin. `now_s`: seconds since 1970.
Finding JudgeTls(const TlsProbe& probe, const TlsMaterial& material,
                 const PlaintextProbe* plaintext, int64_t now_s);

// The same for a client that is to speak without TLS. `tls_answers`: whether
// the server answers a TLS handshake instead.
Finding JudgePlaintext(const PlaintextProbe& probe, bool tls_answers);

// Whether the handshake got so far that the server surely speaks TLS.
bool AnswersTls(const TlsProbe& probe);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_TLS_CHECK_H_
