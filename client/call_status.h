#ifndef EARSHOT_CLIENT_CALL_STATUS_H_
#define EARSHOT_CLIENT_CALL_STATUS_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>

#include "absl/status/status.h"

namespace earshot {

// Why a call ended.
absl::Status FromGrpcStatus(const grpc::Status& status);

// How long its server wants not to be asked again; nothing if it did not say.
// A minute at most: servers are replaced, and so is what they said.
std::optional<std::chrono::milliseconds> RetryDelay(const grpc::Status& status);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CALL_STATUS_H_
