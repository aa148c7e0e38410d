#include "client/cli/admin_client.h"

#include "client/cli/rpc_error.h"
#include "client/cli/verb.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<AdminClient>> AdminClient::Create(
    const ConnectionFlags& flags) {
  auto targets = ServerTargets::Create(flags.server(), flags.security());
  if (!targets.ok()) return targets.status();
  return std::unique_ptr<AdminClient>(new AdminClient(*std::move(targets)));
}

int AdminClient::Fail(const grpc::Status& status) const {
  Complain(RpcErrorLine(status, server()));
  return kExitFailure;
}

bool AdminClient::IsAway(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         ReasonOf(status).empty();
}

}  // namespace earshot
