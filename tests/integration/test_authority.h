#ifndef EARSHOT_TESTS_INTEGRATION_TEST_AUTHORITY_H_
#define EARSHOT_TESTS_INTEGRATION_TEST_AUTHORITY_H_

#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace earshot {

// What a certificate is for.
struct TestSubject {
  // As OpenSSL writes them: "DNS:localhost", "URI:spiffe://…", "IP:127.0.0.1".
  std::vector<std::string> names = {};
  // From now, in s.
  int begins = -3600;
  int ends = 3600;
};

// A certificate and its key, as PEM.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

// A certificate authority for tests.
class TestAuthority {
 public:
  // `ends`: from now, in s.
  explicit TestAuthority(const std::string& name, int ends = 7200);

  std::string certificate() const;  // as PEM
  TestCertificate Issue(const TestSubject& subject) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_TEST_AUTHORITY_H_
