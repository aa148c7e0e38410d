#include "client/credentials.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/certificate_check.h"
#include "client/small_file.h"

namespace earshot {
namespace {

absl::Status About(absl::string_view flag, const std::string& path,
                   const absl::Status& what) {
  if (what.ok()) return what;
  return absl::Status(what.code(), absl::StrCat("--", flag, "=", path, ": ",
                                                std::string(what.message())));
}

absl::StatusOr<std::string> ReadPem(absl::string_view flag,
                                    const std::string& path) {
  absl::StatusOr<std::string> text = ReadSmallFile(path);
  if (!text.ok()) return About(flag, path, text.status());
  return text;
}

}  // namespace

bool StaysLocal(absl::string_view server) {
  if (absl::StartsWith(server, "unix:")) return true;
  std::string host(server.substr(0, server.rfind(':')));
  if (host == "localhost") return true;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  in_addr ipv4;
  if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    return ntohl(ipv4.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  in6_addr ipv6;
  return inet_pton(AF_INET6, host.c_str(), &ipv6) == 1 &&
         IN6_IS_ADDR_LOOPBACK(&ipv6);
}

absl::StatusOr<Credentials> Credentials::Create(SecurityOptions options) {
  Credentials result;
  result.options_ = std::move(options);
  result.marks_ = result.MarksNow();
  auto pems = result.Read();
  if (!pems.ok()) return pems.status();
  result.pems_ = *std::move(pems);
  return result;
}

bool Credentials::UsesTls(absl::string_view server) const {
  if (options_.insecure || absl::StartsWith(server, "unix:")) return false;
  return options_.wants_tls() || !StaysLocal(server);
}

int64_t Credentials::Look() {
  const Marks now = MarksNow();
  if (now == marks_) return version_;
  marks_ = now;
  auto pems = Read();
  if (!pems.ok()) {
    spdlog::warn("tls files are not used, those before stay reason=\"{}\"",
                 std::string(pems.status().message()));
    return version_;
  }
  // Two halves of a change may be seen one by one, and fit all the same.
  if (pems->pem_root_certs == pems_.pem_root_certs &&
      pems->pem_cert_chain == pems_.pem_cert_chain &&
      pems->pem_private_key == pems_.pem_private_key) {
    return version_;
  }
  pems_ = *std::move(pems);
  ++version_;
  spdlog::info("tls files read again ca={} certificate={}", options_.ca_file,
               options_.certificate_file);
  return version_;
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::ForChannel(
    absl::string_view server) const {
  return UsesTls(server) ? grpc::SslCredentials(pems_)
                         : grpc::InsecureChannelCredentials();
}

Credentials::Marks Credentials::MarksNow() const {
  Marks marks;
  const std::string* const paths[] = {
      &options_.ca_file, &options_.certificate_file, &options_.key_file};
  for (size_t i = 0; i < marks.size(); ++i) {
    struct stat file = {};
    if (paths[i]->empty() || stat(paths[i]->c_str(), &file) != 0) continue;
    marks[i] = {file.st_dev, file.st_ino, file.st_size,
                file.st_ctim.tv_sec * 1'000'000'000 + file.st_ctim.tv_nsec};
  }
  return marks;
}

absl::StatusOr<grpc::SslCredentialsOptions> Credentials::Read() const {
  grpc::SslCredentialsOptions pems;
  if (!options_.ca_file.empty()) {
    auto text = ReadPem("tls-ca", options_.ca_file);
    if (!text.ok()) return text.status();
    const absl::Status fits = CheckCertificates(*text);
    if (!fits.ok()) return About("tls-ca", options_.ca_file, fits);
    pems.pem_root_certs = *std::move(text);
  }
  if (options_.certificate_file.empty()) return pems;
  auto chain = ReadPem("tls-cert", options_.certificate_file);
  if (!chain.ok()) return chain.status();
  auto key = ReadPem("tls-key", options_.key_file);
  if (!key.ok()) return key.status();
  absl::Status fits = CheckCertificates(*chain);
  if (!fits.ok()) return About("tls-cert", options_.certificate_file, fits);
  fits = CheckKeyPair(*chain, *key);
  if (!fits.ok()) return About("tls-key", options_.key_file, fits);
  pems.pem_cert_chain = *std::move(chain);
  pems.pem_private_key = *std::move(key);
  return pems;
}

}  // namespace earshot
