#include "server/web/web_tls.h"

#include <openssl/x509v3.h>
#include <spdlog/spdlog.h>

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <memory>

namespace earshot {
namespace {

namespace ssl = boost::asio::ssl;

constexpr unsigned char kProtocols[] = "\x08http/1.1";

int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size,
                   void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kProtocols, sizeof(kProtocols) - 1,
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// The first error of all that is to be done.
boost::system::error_code SetUp(const Certificates& certificates,
                                ssl::context* context) {
  boost::system::error_code error;
  context->set_options(ssl::context::default_workarounds |
                           ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                       error);
  if (!error) {
    context->use_certificate_chain(boost::asio::buffer(certificates.chain),
                                   error);
  }
  if (!error) {
    context->use_private_key(boost::asio::buffer(certificates.key),
                             ssl::context::pem, error);
  }
  if (!error && !certificates.client_roots.empty()) {
    context->add_certificate_authority(
        boost::asio::buffer(certificates.client_roots), error);
    if (!error) context->set_verify_mode(ssl::verify_peer, error);
  }
  SSL_CTX_set_alpn_select_cb(context->native_handle(), ChooseProtocol, nullptr);
  // Or resumed sessions with certificates would be refused.
  SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_TICKET);
  return error;
}

std::string Text(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<size_t>(ASN1_STRING_length(text)));
}

}  // namespace

std::shared_ptr<ssl::context> WebTls::Context() {
  const std::shared_ptr<const Certificates> in_use = in_use_();
  if (in_use == nullptr) return nullptr;
  if (context_ == nullptr || in_use->version != version_) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    if (const auto error = SetUp(*in_use, context.get())) {
      spdlog::error("no TLS for browsers error=\"{}\"", error.message());
      return nullptr;
    }
    version_ = in_use->version;
    context_ = std::move(context);
  }
  return context_;
}

void FillCertificateNames(SSL* connection, WebRequest* request) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(connection), &X509_free);
  if (certificate == nullptr ||
      SSL_get_verify_result(connection) != X509_V_OK) {
    return;
  }
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
          certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) {
      request->uris.push_back(Text(name->d.uniformResourceIdentifier));
    } else if (name->type == GEN_DNS) {
      request->dns_names.push_back(Text(name->d.dNSName));
    }
  }
}

}  // namespace earshot
