#include "server/transport/transport_security.h"

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/transport/tls_credentials.h"

namespace earshot {
namespace {

std::chrono::system_clock::time_point Now() {
  return std::chrono::system_clock::now();
}

absl::Status CheckFlags(const TransportOptions& options,
                        const std::vector<ListenAddress>& addresses) {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return absl::InvalidArgumentError(
        "--tls-cert and --tls-key: give both, or neither");
  }
  if (!options.client_ca_file.empty() && !options.uses_tls()) {
    return absl::InvalidArgumentError(
        "--tls-client-ca: certificates of clients need --tls-cert and "
        "--tls-key, too");
  }
  if (options.insecure && options.uses_tls()) {
    return absl::InvalidArgumentError(
        "--insecure is plaintext, and --tls-cert is not: give the one or the "
        "other");
  }
  if (options.insecure || options.uses_tls()) return absl::OkStatus();
  for (const ListenAddress& address : addresses) {
    if (StaysOnThisMachine(address)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "--listen=", address.text,
        ": other machines can reach it, so it needs TLS: give --tls-cert=FILE "
        "and --tls-key=FILE, or --insecure for plaintext all the same"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TransportSecurity>> TransportSecurity::Create(
    TransportOptions options, const std::vector<ListenAddress>& addresses) {
  absl::Status flags = CheckFlags(options, addresses);
  if (!flags.ok()) return flags;
  std::unique_ptr<CertificateFiles> files;
  if (options.uses_tls()) {
    auto created = CertificateFiles::Create(options, Now());
    if (!created.ok()) return created.status();
    files = *std::move(created);
  }
  return std::unique_ptr<TransportSecurity>(
      new TransportSecurity(std::move(options), std::move(files)));
}

TransportSecurity::TransportSecurity(TransportOptions options,
                                     std::unique_ptr<CertificateFiles> files)
    : options_(std::move(options)), files_(std::move(files)) {}

bool TransportSecurity::IsEncrypted(const ListenAddress& address) const {
  return files_ != nullptr && address.unix_path.empty();
}

std::shared_ptr<grpc::ServerCredentials> TransportSecurity::CredentialsFor(
    const ListenAddress& address) {
  if (!IsEncrypted(address)) return grpc::InsecureServerCredentials();
  ClientCertificates clients = ClientCertificates::kNone;
  if (!options_.client_ca_file.empty()) {
    clients = options_.other_credentials ? ClientCertificates::kOptional
                                         : ClientCertificates::kRequired;
  }
  given_.push_back(MakeTlsCredentials(files_.get(), clients));
  return given_.back();
}

void TransportSecurity::Reload() {
  if (files_ != nullptr) files_->Reload(Now());
}

std::shared_ptr<const Certificates> TransportSecurity::in_use() {
  return files_ == nullptr ? nullptr : files_->Look(Now());
}

std::vector<ConfigFileState> TransportSecurity::files() {
  if (files_ == nullptr) return {};
  (void)files_->Look(Now());
  return files_->states();
}

}  // namespace earshot
