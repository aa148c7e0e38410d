#ifndef EARSHOT_CLIENT_CLI_RPC_ERROR_H_
#define EARSHOT_CLIENT_CLI_RPC_ERROR_H_

#include <grpcpp/grpcpp.h>

#include <string>

namespace earshot {

// The reason that the service gave (google.rpc.ErrorInfo), such as
// "NOT_ALLOWED"; empty if it is not from the service.
std::string ReasonOf(const grpc::Status& status);

// What to do about it, in words; empty if there is nothing to say.
std::string AdviceFor(const grpc::Status& status);

// One line for a person: what is wrong, and what to do. `server` is its
// address.
std::string RpcErrorLine(const grpc::Status& status, const std::string& server);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_RPC_ERROR_H_
