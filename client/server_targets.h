#ifndef EARSHOT_CLIENT_SERVER_TARGETS_H_
#define EARSHOT_CLIENT_SERVER_TARGETS_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/credentials.h"

namespace earshot {

// Where the playback service may be found: one address or more, of which one is
// used until it fails. Thread: the loop of its owner.
class ServerTargets {
 public:
  // "A[,B...]", each host:port or unix:/path. INVALID_ARGUMENT says what is
  // allowed, or what is wrong with the files of `security`.
  static absl::StatusOr<ServerTargets> Create(
      const std::string& servers, const SecurityOptions& security = {});

  // The address in use, and the channel to it.
  const std::string& address() const { return targets_[current_].address; }
  const std::shared_ptr<grpc::Channel>& channel() const {
    return targets_[current_].channel;
  }
  const Credentials& credentials() const { return credentials_; }
  size_t size() const { return targets_.size(); }
  // It failed: the next one's turn.
  void Rotate() { current_ = (current_ + 1) % targets_.size(); }
  // New connections, its name resolved anew.
  void Renew();
  // The same if its files have changed since its channel was made. Before a
  // connection is wanted.
  void RenewIfFilesChanged();

 private:
  struct Target {
    std::string address;
    std::shared_ptr<grpc::Channel> channel;
    int64_t version;  // of the credentials that it was made with
  };
  Credentials credentials_;
  std::vector<Target> targets_;
  size_t current_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_SERVER_TARGETS_H_
