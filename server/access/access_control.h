#ifndef EARSHOT_SERVER_ACCESS_ACCESS_CONTROL_H_
#define EARSHOT_SERVER_ACCESS_ACCESS_CONTROL_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/access/access_options.h"
#include "server/access/call_credentials.h"
#include "server/access/caller.h"
#include "server/access/config_file.h"
#include "server/access/jwt_verifier.h"
#include "server/access/policy.h"
#include "server/access/quotas.h"
#include "server/access/token_file.h"
#include "server/refusal.h"

namespace earshot {

// Says who calls, from the call's certificate and token, and what he may do,
// from the policy. Its files are read again when they change; a call is judged
// by what is in use when it begins. Thread-safe.
class AccessControl {
 public:
  using SystemTime = std::chrono::system_clock::time_point;

  // Without files: everybody may do everything.
  AccessControl() = default;
  // Reads the files, all of which have to be right. An error has a line for
  // each that is not.
  static absl::StatusOr<std::unique_ptr<AccessControl>> Create(
      AccessOptions options);
  ~AccessControl();

  AccessControl(const AccessControl&) = delete;
  AccessControl& operator=(const AccessControl&) = delete;

  // A refusal if a credential that he shows is wrong.
  Refusal Identify(const grpc::ServerContextBase& call, Caller* caller) const;
  Refusal Identify(const CallCredentials& credentials, SystemTime now,
                   Caller* caller) const;

  // Those of the policy as it is now.
  Quotas quotas() const;

  // Looks at the files every half second, in a thread of its own; a change is
  // in use within a second. Once.
  void StartLooking();
  // Reads what has changed.
  void Look(SystemTime now);
  // Reads all files now, whether or not they have changed.
  void Reload(SystemTime now);

  std::vector<ConfigFileState> files() const;

  // What is in use; null if there is no such file.
  std::shared_ptr<const Policy> policy() const;
  std::shared_ptr<const TokenFile> tokens() const;
  std::shared_ptr<const JwtVerifier> jwts() const;

 private:
  explicit AccessControl(AccessOptions options);

  absl::Status ReadAll();
  void AddFiles();

  const AccessOptions options_ = {};

  mutable std::mutex files_mutex_;  // guards the files, before what is in use
  std::vector<ConfigFile> files_;

  mutable std::mutex in_use_mutex_;  // guards what is in use
  std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const TokenFile> tokens_;
  std::shared_ptr<const JwtVerifier> jwts_;

  std::mutex stop_mutex_;  // guards what follows
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread looking_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_ACCESS_CONTROL_H_
