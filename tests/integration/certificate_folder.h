#ifndef EARSHOT_TESTS_INTEGRATION_CERTIFICATE_FOLDER_H_
#define EARSHOT_TESTS_INTEGRATION_CERTIFICATE_FOLDER_H_

#include <string>

#include "tests/integration/test_authority.h"

namespace earshot {

// A folder with tls.crt, tls.key and ca.crt as Kubernetes mounts a secret: each
// is a link through ..data, and all of them change at once when that is turned
// to another folder.
class CertificateFolder {
 public:
  // `path` is made.
  CertificateFolder(std::string path, const TestCertificate& certificate,
                    const std::string& ca);

  std::string certificate() const { return path_ + "/tls.crt"; }
  std::string key() const { return path_ + "/tls.key"; }
  std::string ca() const { return path_ + "/ca.crt"; }

  // All at once.
  void Swap(const TestCertificate& certificate, const std::string& ca);
  // In place, and one without the other.
  void WriteCertificate(const TestCertificate& certificate);
  void WriteKey(const TestCertificate& certificate);

 private:
  const std::string path_;
  int versions_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_CERTIFICATE_FOLDER_H_
