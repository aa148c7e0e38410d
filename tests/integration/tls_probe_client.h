#ifndef EARSHOT_TESTS_INTEGRATION_TLS_PROBE_CLIENT_H_
#define EARSHOT_TESTS_INTEGRATION_TLS_PROBE_CLIENT_H_

#include <string>

namespace earshot {

// How a TLS client that is not gRPC's goes about it.
struct TlsAttempt {
  int version = 0;        // TLS1_1_VERSION and the like; 0 for OpenSSL's own
  bool offers_h2 = true;  // by ALPN
};

// What it came to.
struct TlsResult {
  bool shook_hands = false;
  std::string alpn;         // what the server chose
  bool heard = false;       // the server said something: its HTTP/2 settings
  std::string certificate;  // the server's, as PEM
};

// Connects to a port of 127.0.0.1, verifying nothing.
TlsResult TryTls(int port, const TlsAttempt& attempt);

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_TLS_PROBE_CLIENT_H_
