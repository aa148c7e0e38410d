#ifndef EARSHOT_SERVER_WEB_WEB_TLS_H_
#define EARSHOT_SERVER_WEB_WEB_TLS_H_

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/transport/certificate_files.h"
#include "server/web/web_request.h"

namespace earshot {

// TLS for browsers (1.2 at least, ALPN http/1.1), with the certificates that
// gRPC has: each connection with those that are in use when it begins. A
// browser may show a certificate where there are authorities for clients; a
// wrong one is refused. Thread: the web's.
class WebTls {
 public:
  using InUse = std::function<std::shared_ptr<const Certificates>()>;

  explicit WebTls(InUse in_use) : in_use_(std::move(in_use)) {}

  // For the next connection; null if OpenSSL does not take the certificates.
  std::shared_ptr<boost::asio::ssl::context> Context();

 private:
  const InUse in_use_;
  int64_t version_ = 0;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

// The names of the client's certificate, if it showed one that was verified.
void FillCertificateNames(SSL* connection, WebRequest* request);

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_TLS_H_
