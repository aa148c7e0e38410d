#ifndef EARSHOT_CLIENT_SECURITY_OPTIONS_H_
#define EARSHOT_CLIENT_SECURITY_OPTIONS_H_

#include <string>

namespace earshot {

// Whom a client believes, and how it proves who it is. Paths of PEM files;
// empty for none.
struct SecurityOptions {
  std::string ca_file;           // whom to believe; else the system's roots
  std::string certificate_file;  // its own, with those that lead to the root
  std::string key_file;          // of that
  std::string server_name;       // to find in the server's; else the address's
  std::string token_file;        // a bearer token, read for each call
  bool insecure = false;         // plaintext, also to other machines

  // A service on this machine is to be talked to by TLS, too.
  bool wants_tls() const {
    return !ca_file.empty() || !certificate_file.empty() ||
           !server_name.empty();
  }
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_SECURITY_OPTIONS_H_
