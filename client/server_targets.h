#ifndef EARSHOT_CLIENT_SERVER_TARGETS_H_
#define EARSHOT_CLIENT_SERVER_TARGETS_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/credentials.h"

namespace earshot {

// Where the playback service may be found: one address or more, of which one is
// used until it fails. Behind dns:///host:port are the servers that the name
// has when it is looked up (TargetLookup), each an address of its own, in an
// order that chance gives to each client: so many clients spread over them,
// also those that lose the same one. Thread: the loop of its owner.
class ServerTargets {
 public:
  // "A[,B...]", each host:port, dns:///host:port or unix:/path.
  // INVALID_ARGUMENT says what is allowed, or what is wrong with the files of
  // `security`.
  static absl::StatusOr<ServerTargets> Create(
      const std::string& servers, const SecurityOptions& security = {});

  // The address in use, and the channel to it. A name that was not learned yet
  // is an address itself, which gRPC looks up.
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

  // The names that are to be looked up: host:port.
  const std::vector<std::string>& names() const { return names_; }
  // Whether the address in use is a name that was not learned yet.
  bool IsUnknown() const;
  // The addresses that a name has now, in place of those that it had; the one
  // in use stays until it has failed. None at all change nothing.
  void Learn(const std::string& name,
             const std::vector<std::string>& addresses);

 private:
  struct Target {
    std::string address;
    std::shared_ptr<grpc::Channel> channel;
    int64_t version;   // of the credentials that it was made with
    std::string name;  // whose address it is; empty if it is nobody's
  };

  absl::StatusOr<Target> Make(std::string address, std::string name) const;

  Credentials credentials_;
  std::vector<std::string> names_;
  std::vector<Target> targets_;
  size_t current_ = 0;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_SERVER_TARGETS_H_
