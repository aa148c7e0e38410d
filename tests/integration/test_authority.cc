#include "tests/integration/test_authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_join.h"

namespace earshot {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

void Check(bool good) {
  if (good) return;
  std::fputs("no certificate for the test\n", stderr);
  std::abort();
}

Key MakeKey() {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  Check(key != nullptr);
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int nid,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate MakeCertificate(const Key& key, const std::string& name, int begins,
                            int ends) {
  Certificate certificate(X509_new(), X509_free);
  unsigned char serial[8];
  Check(RAND_bytes(serial, sizeof(serial)) == 1);
  uint64_t number = 0;
  for (const unsigned char byte : serial) number = number << 8 | byte;
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()),
                          number >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  Check(X509_set_pubkey(certificate.get(), key.get()) == 1);
  return certificate;
}

void Sign(const Certificate& certificate, const X509* issuer, const Key& key) {
  Check(X509_set_issuer_name(certificate.get(),
                             X509_get_subject_name(issuer)) == 1);
  Check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
}

template <typename Write>
std::string Pem(const Write& write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  Check(write(bio) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name, int ends)
    : key_(MakeKey()), certificate_(MakeCertificate(key_, name, -7200, ends)) {
  AddExtension(certificate_.get(), certificate_.get(), NID_basic_constraints,
               "critical,CA:TRUE");
  AddExtension(certificate_.get(), certificate_.get(), NID_key_usage,
               "critical,keyCertSign");
  Sign(certificate_, certificate_.get(), key_);
}

std::string TestAuthority::certificate() const {
  return Pem(
      [this](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); });
}

TestCertificate TestAuthority::Issue(const TestSubject& subject) const {
  const Key key = MakeKey();
  const Certificate certificate =
      MakeCertificate(key, "test", subject.begins, subject.ends);
  if (!subject.names.empty()) {
    AddExtension(certificate.get(), certificate_.get(), NID_subject_alt_name,
                 absl::StrJoin(subject.names, ","));
  }
  Sign(certificate, certificate_.get(), key_);
  return {Pem([&certificate](BIO* bio) {
            return PEM_write_bio_X509(bio, certificate.get());
          }),
          Pem([&key](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0,
                                            nullptr, nullptr);
          })};
}

}  // namespace earshot
