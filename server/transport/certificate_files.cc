#include "server/transport/certificate_files.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/transport/pem_check.h"

namespace earshot {
namespace {

// Files of keys and certificates are far smaller.
constexpr size_t kMostBytes = 1 << 20;

absl::Status About(absl::string_view flag, const std::string& path,
                   absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, "=", path, ": ", what));
}

absl::StatusOr<std::string> ReadFile(absl::string_view flag,
                                     const std::string& path) {
  // A pipe would make its reader wait.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return About(flag, path, std::strerror(errno));
  std::string text;
  char bytes[4096];
  ssize_t size = 0;
  while ((size = read(file, bytes, sizeof(bytes))) > 0) {
    text.append(bytes, static_cast<size_t>(size));
    if (text.size() > kMostBytes) break;
  }
  const int error = errno;
  close(file);
  if (size < 0) return About(flag, path, std::strerror(error));
  if (size > 0) return About(flag, path, "has more than 1 MiB");
  return text;
}

}  // namespace

CertificateFiles::CertificateFiles(TransportOptions options)
    : options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<CertificateFiles>> CertificateFiles::Create(
    TransportOptions options, SystemTime now) {
  std::unique_ptr<CertificateFiles> files(
      new CertificateFiles(std::move(options)));
  files->marks_ = files->MarksNow();
  absl::StatusOr<Certificates> certificates = files->Read();
  if (!certificates.ok()) return certificates.status();
  spdlog::info("tls certificate={} expires={} client_ca=\"{}\"",
               files->options_.certificate_file, certificates->expiry,
               files->options_.client_ca_file);
  files->in_use_ =
      std::make_shared<const Certificates>(*std::move(certificates));
  files->load_time_ = now;
  return files;
}

std::shared_ptr<const Certificates> CertificateFiles::Look(SystemTime now) {
  const std::lock_guard lock(mutex_);
  const Marks marks = MarksNow();
  if (marks != marks_) {
    marks_ = marks;
    Take(now);
  }
  return in_use_;
}

void CertificateFiles::Reload(SystemTime now) {
  const std::lock_guard lock(mutex_);
  marks_ = MarksNow();
  Take(now);
}

void CertificateFiles::Take(SystemTime now) {
  absl::StatusOr<Certificates> read = Read();
  if (!read.ok()) {
    error_ = std::string(read.status().message());
    spdlog::error("tls files are not used, those before stay reason=\"{}\"",
                  error_);
    return;
  }
  error_.clear();
  load_time_ = now;
  if (read->chain == in_use_->chain && read->key == in_use_->key &&
      read->client_roots == in_use_->client_roots) {
    return;
  }
  read->version = in_use_->version + 1;
  spdlog::info("tls files read again certificate={} expires={}",
               options_.certificate_file, read->expiry);
  in_use_ = std::make_shared<const Certificates>(*std::move(read));
}

std::vector<ConfigFileState> CertificateFiles::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<ConfigFileState> states = {
      {"tls certificate", options_.certificate_file, load_time_, error_},
      {"tls key", options_.key_file, load_time_, error_}};
  if (!options_.client_ca_file.empty()) {
    states.push_back(
        {"tls client ca", options_.client_ca_file, load_time_, error_});
  }
  return states;
}

CertificateFiles::Marks CertificateFiles::MarksNow() const {
  Marks marks;
  const std::string* const paths[] = {
      &options_.certificate_file, &options_.key_file, &options_.client_ca_file};
  for (size_t i = 0; i < marks.size(); ++i) {
    struct stat file = {};
    if (paths[i]->empty() || stat(paths[i]->c_str(), &file) != 0) continue;
    marks[i] = {file.st_dev, file.st_ino, file.st_size,
                file.st_ctim.tv_sec * 1'000'000'000 + file.st_ctim.tv_nsec};
  }
  return marks;
}

absl::StatusOr<Certificates> CertificateFiles::Read() const {
  auto chain = ReadFile("tls-cert", options_.certificate_file);
  if (!chain.ok()) return chain.status();
  auto key = ReadFile("tls-key", options_.key_file);
  if (!key.ok()) return key.status();
  auto expiry = ExpiryOfCertificate(*chain);
  if (!expiry.ok()) {
    return About("tls-cert", options_.certificate_file,
                 std::string(expiry.status().message()));
  }
  if (absl::Status fits = CheckIsKeyOf(*key, *chain); !fits.ok()) {
    return About("tls-key", options_.key_file, std::string(fits.message()));
  }
  Certificates result{
      *std::move(chain), *std::move(key), {}, *std::move(expiry)};
  if (options_.client_ca_file.empty()) return result;
  auto roots = ReadFile("tls-client-ca", options_.client_ca_file);
  if (!roots.ok()) return roots.status();
  if (auto one = ExpiryOfCertificate(*roots); !one.ok()) {
    return About("tls-client-ca", options_.client_ca_file,
                 std::string(one.status().message()));
  }
  result.client_roots = *std::move(roots);
  return result;
}

}  // namespace earshot
