#ifndef EARSHOT_CLIENT_CHANNEL_H_
#define EARSHOT_CLIENT_CHANNEL_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/credentials.h"

namespace earshot {

// A channel to a service at "host:port", "dns:///host:port" or "unix:/path". It
// connects when it is used, and again whenever it is used after a failure: how
// often is for its user to decide. A connection that acknowledges nothing ends
// after 5 s. It is encrypted, and its calls carry a token, as `credentials`
// have it for `name`, host:port, whose address it is; empty: for the address
// itself. INVALID_ARGUMENT says what is allowed.
absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& server, const Credentials& credentials = Credentials(),
    const std::string& name = "");

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CHANNEL_H_
