#ifndef EARSHOT_SERVER_TRANSPORT_CERTIFICATE_FILES_H_
#define EARSHOT_SERVER_TRANSPORT_CERTIFICATE_FILES_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access/config_file.h"
#include "server/transport/transport_options.h"

namespace earshot {

// What proves who the server is, and whom it believes; PEM texts that fit.
struct Certificates {
  std::string chain;
  std::string key;
  std::string client_roots;  // empty for none
  std::string expiry;        // of the first one, in UTC
  int64_t version = 1;       // counts what was in use
};

// The files of TLS. They are looked at whenever somebody connects: one that was
// written, replaced, or is now elsewhere because a link on its path was turned
// (as Kubernetes does it) is read again. Files that do not fit together, as a
// key that is there before its certificate, are logged once, and those before
// stay in use. (gRPC's own FileWatcherCertificateProvider hands on what it
// finds, and nobody can connect until it fits.) Thread-safe.
class CertificateFiles {
 public:
  using SystemTime = std::chrono::system_clock::time_point;

  // Errors name the flag and the file.
  static absl::StatusOr<std::unique_ptr<CertificateFiles>> Create(
      TransportOptions options, SystemTime now);

  // What is in use, after a look at the files.
  std::shared_ptr<const Certificates> Look(SystemTime now);
  // Reads them even if they look as before.
  void Reload(SystemTime now);

  // How they stand.
  std::vector<ConfigFileState> states() const;

 private:
  // By which a change is known.
  struct Mark {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t changed_ns = 0;
    bool operator==(const Mark&) const = default;
  };
  using Marks = std::array<Mark, 3>;

  explicit CertificateFiles(TransportOptions options);

  Marks MarksNow() const;
  absl::StatusOr<Certificates> Read() const;
  void Take(SystemTime now);  // with mutex_ held

  const TransportOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  Marks marks_;
  std::shared_ptr<const Certificates> in_use_;
  SystemTime load_time_;
  std::string error_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_CERTIFICATE_FILES_H_
