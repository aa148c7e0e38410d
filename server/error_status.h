#ifndef EARSHOT_SERVER_ERROR_STATUS_H_
#define EARSHOT_SERVER_ERROR_STATUS_H_

#include <grpcpp/support/status.h>

#include "server/refusal.h"

namespace earshot {

// What a client sees of a refusal: a google.rpc.Status with one ErrorInfo of
// the domain "earshot.v1", whose metadata names the field. Beside it: a
// BadRequest if there is a field, a RetryInfo if a later try may do, and a
// QuotaFailure if a quota is used up. It is counted: see RefusalCounts.
grpc::Status ToGrpcStatus(const Refusal& refusal);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ERROR_STATUS_H_
