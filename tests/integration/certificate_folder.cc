#include "tests/integration/certificate_folder.h"

#include <filesystem>
#include <fstream>
#include <utility>

namespace earshot {
namespace {

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

}  // namespace

CertificateFolder::CertificateFolder(std::string path,
                                     const TestCertificate& certificate,
                                     const std::string& ca)
    : path_(std::move(path)) {
  std::filesystem::create_directory(path_);
  Swap(certificate, ca);
  for (const char* name : {"tls.crt", "tls.key", "ca.crt"}) {
    std::filesystem::create_symlink(std::string("..data/") + name,
                                    path_ + "/" + name);
  }
}

void CertificateFolder::Swap(const TestCertificate& certificate,
                             const std::string& ca) {
  const std::string version = "..v" + std::to_string(++versions_);
  const std::string folder = path_ + "/" + version;
  std::filesystem::create_directory(folder);
  Write(folder + "/tls.crt", certificate.certificate);
  Write(folder + "/tls.key", certificate.key);
  Write(folder + "/ca.crt", ca);
  std::filesystem::create_symlink(version, path_ + "/..new");
  std::filesystem::rename(path_ + "/..new", path_ + "/..data");
}

void CertificateFolder::WriteCertificate(const TestCertificate& certificate) {
  Write(this->certificate(), certificate.certificate);
}

void CertificateFolder::WriteKey(const TestCertificate& certificate) {
  Write(key(), certificate.key);
}

}  // namespace earshot
