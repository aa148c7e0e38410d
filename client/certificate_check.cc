#include "client/certificate_check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace earshot {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// There is nobody to ask.
int NoPassphrase(char*, int, int, void*) { return 0; }

Bio Open(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate FirstCertificate(const std::string& pem) {
  const Bio bio = Open(pem);
  return Certificate(
      PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
}

}  // namespace

absl::Status CheckCertificates(const std::string& pem) {
  const Certificate certificate = FirstCertificate(pem);
  ERR_clear_error();
  if (certificate == nullptr) {
    return absl::InvalidArgumentError("holds no certificate in PEM format");
  }
  return absl::OkStatus();
}

absl::Status CheckKeyPair(const std::string& certificates,
                          const std::string& key) {
  const Certificate certificate = FirstCertificate(certificates);
  const Bio bio = Open(key);
  const Key its_key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (its_key == nullptr) {
    return absl::InvalidArgumentError(
        "holds no private key in PEM format without a passphrase");
  }
  const bool match =
      certificate != nullptr &&
      X509_check_private_key(certificate.get(), its_key.get()) == 1;
  ERR_clear_error();
  if (!match) {
    return absl::InvalidArgumentError("is not the key of the certificate");
  }
  return absl::OkStatus();
}

}  // namespace earshot
