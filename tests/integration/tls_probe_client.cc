#include "tests/integration/tls_probe_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <memory>

namespace earshot {
namespace {

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

std::string PeerCertificate(SSL* ssl) {
  const std::unique_ptr<X509, void (*)(X509*)> certificate(
      SSL_get1_peer_certificate(ssl), X509_free);
  const std::unique_ptr<BIO, void (*)(BIO*)> bio(BIO_new(BIO_s_mem()),
                                                 BIO_free_all);
  PEM_write_bio_X509(bio.get(), certificate.get());
  char* bytes = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(bio.get(), &bytes));
  return std::string(bytes, size);
}

}  // namespace

TlsResult TryTls(int port, const TlsAttempt& attempt) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(
      SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  // OpenSSL itself would not speak anything older than TLS 1.2.
  SSL_CTX_set_security_level(context.get(), 0);
  if (attempt.version != 0) {
    SSL_CTX_set_min_proto_version(context.get(), attempt.version);
    SSL_CTX_set_max_proto_version(context.get(), attempt.version);
  }
  static constexpr unsigned char kH2[] = {2, 'h', '2'};
  if (attempt.offers_h2) {
    SSL_CTX_set_alpn_protos(context.get(), kH2, sizeof(kH2));
  }
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()),
                                                 SSL_free);
  TlsResult result;
  const int fd = Connect(port);
  if (fd < 0) return result;
  SSL_set_fd(ssl.get(), fd);
  result.shook_hands = SSL_connect(ssl.get()) == 1;
  if (result.shook_hands) {
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl.get(), &chosen, &size);
    result.alpn.assign(reinterpret_cast<const char*>(chosen), size);
    result.certificate = PeerCertificate(ssl.get());
    char byte = 0;
    result.heard = SSL_read(ssl.get(), &byte, 1) == 1;
  }
  close(fd);
  return result;
}

}  // namespace earshot
