#ifndef EARSHOT_SERVER_TRANSPORT_TRANSPORT_SECURITY_H_
#define EARSHOT_SERVER_TRANSPORT_TRANSPORT_SECURITY_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/access/config_file.h"
#include "server/listen_address.h"
#include "server/transport/certificate_files.h"
#include "server/transport/transport_options.h"

namespace earshot {

// How what a server listens at is protected: TCP by TLS (1.2 at least, ALPN h2)
// if there is a certificate, UNIX sockets by their folder's rights. Plaintext
// for other machines only where somebody asked for it. Thread-safe.
class TransportSecurity {
 public:
  // Errors name the flag, the file and what to do.
  static absl::StatusOr<std::unique_ptr<TransportSecurity>> Create(
      TransportOptions options, const std::vector<ListenAddress>& addresses);

  // Of one address, before the gRPC server starts, which this outlives.
  std::shared_ptr<grpc::ServerCredentials> CredentialsFor(
      const ListenAddress& address);
  bool IsEncrypted(const ListenAddress& address) const;

  // Reads the files again, whether or not they have changed.
  void Reload();
  // What is in use, after a look at the files; null without TLS.
  std::shared_ptr<const Certificates> in_use();
  // How the files stand, after a look at them.
  std::vector<ConfigFileState> files();

 private:
  TransportSecurity(TransportOptions options,
                    std::unique_ptr<CertificateFiles> files);

  const TransportOptions options_;
  const std::unique_ptr<CertificateFiles> files_;  // null without TLS
  // gRPC asks them for as long as it serves.
  std::vector<std::shared_ptr<grpc::ServerCredentials>> given_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_TRANSPORT_SECURITY_H_
