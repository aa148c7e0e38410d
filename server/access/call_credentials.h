#ifndef EARSHOT_SERVER_ACCESS_CALL_CREDENTIALS_H_
#define EARSHOT_SERVER_ACCESS_CALL_CREDENTIALS_H_

#include <string>
#include <vector>

namespace grpc {
class ServerContextBase;
}

namespace earshot {

// What a call brings along to prove who makes it.
struct CallCredentials {
  std::vector<std::string> authorization;  // values of the metadata
  // Names of its certificate, which TLS has verified.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
};

CallCredentials CredentialsOf(const grpc::ServerContextBase& call);

// "tls" or "plaintext".
const char* TransportOf(const grpc::ServerContextBase& call);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_CALL_CREDENTIALS_H_
