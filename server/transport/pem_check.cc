#include "server/transport/pem_check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

#include "absl/time/time.h"

namespace earshot {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

std::unique_ptr<BIO, Free> Open(const std::string& text) {
  return std::unique_ptr<BIO, Free>(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// OpenSSL would ask at the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

std::unique_ptr<X509, Free> FirstCertificate(const std::string& pem) {
  return std::unique_ptr<X509, Free>(
      PEM_read_bio_X509(Open(pem).get(), nullptr, NoPassphrase, nullptr));
}

// gRPC shares its thread's queue of errors.
struct ErrorsEnd {
  ~ErrorsEnd() { ERR_clear_error(); }
};

}  // namespace

absl::StatusOr<std::string> ExpiryOfCertificate(const std::string& pem) {
  const ErrorsEnd errors_end;
  const auto certificate = FirstCertificate(pem);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError("holds no certificate in PEM format");
  }
  std::tm time = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) != 1) {
    return absl::InvalidArgumentError("holds a certificate without an end");
  }
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromTM(time, absl::UTCTimeZone()),
                          absl::UTCTimeZone());
}

absl::Status CheckIsKeyOf(const std::string& key_pem,
                          const std::string& certificate_pem) {
  const ErrorsEnd errors_end;
  const std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(
      Open(key_pem).get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "holds no private key in PEM format, or one with a passphrase");
  }
  const auto certificate = FirstCertificate(certificate_pem);
  if (certificate == nullptr ||
      X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(
        "holds another key than that of the certificate of --tls-cert");
  }
  return absl::OkStatus();
}

}  // namespace earshot
