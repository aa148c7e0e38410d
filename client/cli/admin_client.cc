#include "client/cli/admin_client.h"

#include "client/cli/doctor/way.h"
#include "client/cli/rpc_error.h"
#include "client/cli/terminal.h"
#include "client/cli/verb.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<AdminClient>> AdminClient::Create(
    const ConnectionFlags& flags) {
  auto targets = ServerTargets::Create(flags.server(), flags.security());
  if (!targets.ok()) return targets.status();
  return std::unique_ptr<AdminClient>(
      new AdminClient(*std::move(targets), flags.security()));
}

int AdminClient::Fail(const grpc::Status& status) const {
  const bool got_there = !IsAway(status) && !IsLate(status);
  const std::string fault = got_there ? "" : FaultOfWay(server(), security_);
  Complain(fault.empty() ? RpcErrorLine(status, server()) : Printable(fault));
  return kExitFailure;
}

bool AdminClient::IsLate(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

bool AdminClient::IsAway(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         ReasonOf(status).empty();
}

}  // namespace earshot
