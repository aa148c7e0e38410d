#ifndef EARSHOT_SERVER_TRANSPORT_SELF_SIGNED_H_
#define EARSHOT_SERVER_TRANSPORT_SELF_SIGNED_H_

#include <chrono>
#include <string>

namespace earshot {

// A certificate that nobody trusts, and its key, as PEM.
struct SelfSigned {
  std::string certificate;
  std::string key;
};

struct SelfSignedSubject {
  std::string common_name = "";
  std::string names = "";  // as OpenSSL writes them: "DNS:a,IP:127.0.0.1"
  std::chrono::seconds valid = std::chrono::hours(1);  // from now
  std::string purpose = "serverAuth";
  bool is_ca = true;
};

SelfSigned MakeSelfSigned(const SelfSignedSubject& subject = {});

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_SELF_SIGNED_H_
