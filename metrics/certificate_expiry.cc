#include "metrics/certificate_expiry.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace earshot::metrics {

std::optional<int64_t> FirstExpiry(const std::string& path) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(
      BIO_new_file(path.c_str(), "r"), &BIO_free);
  std::optional<int64_t> first;
  while (file != nullptr) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), &X509_free);
    if (certificate == nullptr) break;
    tm time = {};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) != 1) {
      continue;
    }
    const int64_t expiry = timegm(&time);
    first = first.has_value() ? std::min(*first, expiry) : expiry;
  }
  ERR_clear_error();  // the file's end is one to OpenSSL
  return first;
}

}  // namespace earshot::metrics
