#ifndef EARSHOT_CLIENT_CREDENTIALS_H_
#define EARSHOT_CLIENT_CREDENTIALS_H_

#include <grpcpp/grpcpp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/security_options.h"

namespace earshot {

// Whether nobody on another machine is at "host:port" or "unix:/path".
bool StaysLocal(absl::string_view server);

// Whom a client believes and how it proves who it is: TLS with the files of its
// options. They are read again when they have changed (written, replaced, or a
// link on their path was turned elsewhere), for connections that are made then;
// files that do not fit together are logged once, and those before stay in use.
// Thread: the owner's. Copies are independent.
class Credentials {
 public:
  // For plaintext on this machine, and TLS with the system's roots elsewhere.
  Credentials() = default;
  // Errors name the flag and the file.
  static absl::StatusOr<Credentials> Create(SecurityOptions options);

  const SecurityOptions& options() const { return options_; }
  // Whether connections to it are encrypted.
  bool UsesTls(absl::string_view server) const;
  // Looks at the files; counts the versions of what is in use, from 1.
  int64_t Look();
  // Of what is in use.
  std::shared_ptr<grpc::ChannelCredentials> ForChannel(
      absl::string_view server) const;

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

  Marks MarksNow() const;
  absl::StatusOr<grpc::SslCredentialsOptions> Read() const;

  SecurityOptions options_;
  grpc::SslCredentialsOptions pems_;
  Marks marks_;
  int64_t version_ = 1;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CREDENTIALS_H_
