#ifndef EARSHOT_CLIENT_CLI_ADMIN_CLIENT_H_
#define EARSHOT_CLIENT_CLI_ADMIN_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "client/connection_flags.h"
#include "client/server_targets.h"
#include "proto/earshot/v1/admin.grpc.pb.h"

namespace earshot {

// Asks the service where the flags say it is: of several servers, the first
// that can be reached. Calls block. One thread.
class AdminClient {
 public:
  using Stub = v1::AdminService::Stub;

  // How long an answer may take.
  static constexpr std::chrono::seconds kPatience{5};

  // INVALID_ARGUMENT says what is wrong with the flags.
  static absl::StatusOr<std::unique_ptr<AdminClient>> Create(
      const ConnectionFlags& flags);

  // One call, such as Call(&AdminClient::Stub::GetStream, ...).
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                 const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::Status status;
    for (size_t left = targets_.size(); left > 0; --left) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + kPatience);
      const auto stub = MakeStub();
      status = (stub.get()->*method)(&context, request, response);
      if (!IsAway(status)) return status;
      targets_.Rotate();
    }
    return status;
  }

  // For calls that last. Of the server that was reached last.
  std::unique_ptr<Stub> MakeStub() const {
    return v1::AdminService::NewStub(targets_.channel());
  }
  const std::shared_ptr<grpc::Channel>& channel() const {
    return targets_.channel();
  }
  const std::string& server() const { return targets_.address(); }

  // Says on standard error what is wrong, in one line: of what did not get to
  // the server, after a look at the way there. Returns the exit code.
  int Fail(const grpc::Status& status) const;

 private:
  AdminClient(ServerTargets targets, SecurityOptions security)
      : targets_(std::move(targets)), security_(std::move(security)) {}
  // There was nobody to answer.
  static bool IsAway(const grpc::Status& status);
  static bool IsLate(const grpc::Status& status);

  ServerTargets targets_;
  const SecurityOptions security_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_ADMIN_CLIENT_H_
