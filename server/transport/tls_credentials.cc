#include "server/transport/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/impl/grpc_library.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace earshot {
namespace {

grpc_ssl_client_certificate_request_type RequestFor(
    ClientCertificates clients) {
  switch (clients) {
    case ClientCertificates::kNone:
      return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    case ClientCertificates::kOptional:
      return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kRequired:
      return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
}

// gRPC asks it for certificates whenever somebody connects. C++ has no such
// credentials of its own; they are those of the C interface.
class TlsCredentials : public grpc::ServerCredentials {
 public:
  TlsCredentials(CertificateFiles* files, ClientCertificates clients)
      : fetcher_(new Fetcher{files, {}}),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                RequestFor(clients), Fetch, fetcher_.get()))) {}
  ~TlsCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  struct Fetcher {
    CertificateFiles* const files;
    std::mutex mutex;   // guards given
    int64_t given = 0;  // the version that gRPC has
  };

  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* data, grpc_ssl_server_certificate_config** config) {
    auto& fetcher = *static_cast<Fetcher*>(data);
    const auto certificates =
        fetcher.files->Look(std::chrono::system_clock::now());
    const std::lock_guard lock(fetcher.mutex);
    if (certificates->version <= fetcher.given) {
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    }
    const grpc_ssl_pem_key_cert_pair pair = {certificates->key.c_str(),
                                             certificates->chain.c_str()};
    // gRPC wants roots also where it asks nobody for a certificate.
    const std::string& roots = certificates->client_roots.empty()
                                   ? certificates->chain
                                   : certificates->client_roots;
    *config =
        grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
    fetcher.given = certificates->version;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const std::unique_ptr<Fetcher> fetcher_;
  grpc_server_credentials* const credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(
    CertificateFiles* files, ClientCertificates clients) {
  return std::make_shared<TlsCredentials>(files, clients);
}

}  // namespace earshot
