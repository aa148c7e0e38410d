#ifndef EARSHOT_SERVER_TRANSPORT_TRANSPORT_OPTIONS_H_
#define EARSHOT_SERVER_TRANSPORT_TRANSPORT_OPTIONS_H_

#include <string>

namespace earshot {

// How connections over TCP are protected. Paths of PEM files; empty for none.
struct TransportOptions {
  std::string certificate_file;  // with those that lead to the root
  std::string key_file;          // of that
  std::string client_ca_file;    // who may sign clients' certificates
  // Plaintext, also for other machines.
  bool insecure = false;
  // Clients may prove who they are in another way: then a certificate may be
  // missing, but not wrong.
  bool other_credentials = false;

  bool uses_tls() const { return !certificate_file.empty(); }
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_TRANSPORT_OPTIONS_H_
