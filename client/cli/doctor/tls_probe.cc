#include "client/cli/doctor/tls_probe.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <functional>

#include "absl/strings/str_cat.h"
#include "client/cli/doctor/http2_greeting.h"

namespace earshot {
namespace {

namespace ssl = boost::asio::ssl;
using boost::asio::generic::stream_protocol;
using End = TlsProbe::End;

// ALPN, RFC 7301: "h2", with its length.
constexpr std::array<unsigned char, 3> kH2 = {2, 'h', '2'};

// OpenSSL hands back what was stored with an SSL as a void pointer.
int ProbeIndex() {
  static const int index =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

TlsProbe& ProbeOf(SSL* tls) {
  return *static_cast<TlsProbe*>(SSL_get_ex_data(tls, ProbeIndex()));
}

// Notes what is wrong with the chain, and lets it pass.
int OnVerify(int fine, X509_STORE_CTX* store) {
  if (fine == 1) return 1;
  auto* tls = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  ProbeOf(tls).faults.push_back(X509_STORE_CTX_get_error(store));
  return 1;
}

// Called when the server has asked for a certificate of ours.
int OnCertificateWanted(SSL* tls, void*) {
  TlsProbe& probe = ProbeOf(tls);
  probe.wants_certificate = true;
  const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(tls);
  for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
    std::array<char, 200> text = {};
    X509_NAME_oneline(sk_X509_NAME_value(names, i), text.data(), text.size());
    probe.wanted_issuers.emplace_back(text.data());
  }
  return 1;
}

std::string FileTrouble(const char* flag, const std::string& file,
                        const boost::system::error_code& error) {
  return absl::StrCat("--", flag, "=", file, ": ", error.message());
}

// What is wrong with our own files; empty if nothing.
std::string Load(const TlsMaterial& material, ssl::context& context) {
  boost::system::error_code error;
  if (material.ca_file.empty()) {
    context.set_default_verify_paths(error);
    if (error) return FileTrouble("tls-ca", "", error);
  } else {
    context.load_verify_file(material.ca_file, error);
    if (error) return FileTrouble("tls-ca", material.ca_file, error);
  }
  if (material.cert_file.empty()) return "";
  context.use_certificate_chain_file(material.cert_file, error);
  if (error) return FileTrouble("tls-cert", material.cert_file, error);
  context.use_private_key_file(material.key_file, ssl::context::pem, error);
  if (error) return FileTrouble("tls-key", material.key_file, error);
  return "";
}

bool IsIpAddress(const std::string& name) {
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

void Configure(const TlsMaterial& material, ssl::context& context) {
  SSL_CTX* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, OnVerify);
  SSL_CTX_set_cert_cb(native, OnCertificateWanted, nullptr);
  SSL_CTX_set_alpn_protos(native, kH2.data(), kH2.size());
  X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(native);
  // A name that is an address is one of another kind in a certificate.
  if (IsIpAddress(material.server_name)) {
    X509_VERIFY_PARAM_set1_ip_asc(param, material.server_name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(param, material.server_name.c_str(), 0);
  }
}

void NoteHandshake(SSL* tls, TlsProbe& probe) {
  probe.handshake = true;
  probe.version = SSL_get_version(tls);
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls, &alpn, &size);
  probe.alpn.assign(reinterpret_cast<const char*>(alpn), size);
}

void NoteCertificate(SSL* tls, TlsProbe& probe) {
  X509* const certificate = SSL_get0_peer_certificate(tls);
  if (certificate == nullptr) return;
  probe.certificate = ReadCertificate(certificate);
}

// How OpenSSL's error ends the probe.
void NoteError(const boost::system::error_code& error, TlsProbe& probe) {
  probe.detail = error.message();
  if (error.category() != boost::asio::error::get_ssl_category()) {
    const bool gone = error == boost::asio::error::eof ||
                      error == boost::asio::error::connection_reset ||
                      error == boost::asio::error::broken_pipe ||
                      error == ssl::error::stream_truncated;
    probe.end = gone ? End::kClosed : End::kBroken;
    return;
  }
  const int reason = ERR_GET_REASON(static_cast<unsigned>(error.value()));
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      probe.end = End::kNotTls;
      return;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      probe.end = End::kClosed;
      return;
    default:
      probe.end = reason >= SSL_AD_REASON_OFFSET ? End::kAlert : End::kBroken;
  }
}

using TlsStream = ssl::stream<stream_protocol::socket>;

// Connects, shakes hands, says hello in HTTP/2, and reads the answer: with
// TLS 1.3 a server refuses a client only after that thinks all is well.
class Conversation {
 public:
  Conversation(TlsStream& stream, TlsProbe& probe)
      : stream_(stream), probe_(probe) {}

  void Start(const stream_protocol::endpoint& endpoint) {
    stream_.lowest_layer().async_connect(
        endpoint, [this](const boost::system::error_code& error) {
          if (Failed(error)) return;
          Shake();
        });
  }

 private:
  bool Failed(const boost::system::error_code& error) {
    if (error) NoteError(error, probe_);
    return static_cast<bool>(error);
  }
  void Shake() {
    stream_.async_handshake(ssl::stream_base::client,
                            [this](const boost::system::error_code& error) {
                              NoteCertificate(stream_.native_handle(), probe_);
                              if (Failed(error)) return;
                              NoteHandshake(stream_.native_handle(), probe_);
                              Greet();
                            });
  }
  void Greet() {
    boost::asio::async_write(
        stream_,
        boost::asio::buffer(kHttp2Greeting.data(), kHttp2Greeting.size()),
        [this](const boost::system::error_code&, size_t) { Listen(); });
  }
  void Listen() {
    stream_.async_read_some(
        boost::asio::buffer(buffer_),
        [this](const boost::system::error_code& error, size_t bytes) {
          said_.append(buffer_.data(), bytes);
          if (Failed(error)) return;
          if (IsHttp2(said_)) {
            probe_.end = End::kHttp2;
          } else if (said_.size() < buffer_.size()) {
            Listen();
          } else {
            probe_.end = End::kBroken;
            probe_.detail = "what it says in TLS is no HTTP/2";
          }
        });
  }

  TlsStream& stream_;
  TlsProbe& probe_;
  std::array<char, 32> buffer_ = {};
  std::string said_;
};

}  // namespace

TlsProbe ProbeTls(const Place& place, const TlsMaterial& material,
                  std::chrono::milliseconds patience) {
  TlsProbe probe;
  ssl::context context(ssl::context::tls_client);
  probe.detail = Load(material, context);
  if (!probe.detail.empty()) {
    probe.end = End::kOwnFiles;
    return probe;
  }
  Configure(material, context);
  boost::asio::io_context loop;
  TlsStream stream(loop, context);
  SSL_set_ex_data(stream.native_handle(), ProbeIndex(), &probe);
  // RFC 6066, 3: not of an address.
  if (!IsIpAddress(material.server_name)) {
    SSL_set_tlsext_host_name(stream.native_handle(),
                             material.server_name.c_str());
  }
  probe.end = End::kSilent;
  Conversation conversation(stream, probe);
  conversation.Start(place.endpoint);
  loop.run_for(patience);
  return probe;
}

}  // namespace earshot
