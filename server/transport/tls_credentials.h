#ifndef EARSHOT_SERVER_TRANSPORT_TLS_CREDENTIALS_H_
#define EARSHOT_SERVER_TRANSPORT_TLS_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "server/transport/certificate_files.h"

namespace earshot {

// What is asked of clients. A certificate that is shown has to be right.
enum class ClientCertificates { kNone, kOptional, kRequired };

// For one port of one gRPC server, which `files` and the credentials outlive:
// each connection is made with the certificates that are in use then.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(
    CertificateFiles* files, ClientCertificates clients);

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_TLS_CREDENTIALS_H_
