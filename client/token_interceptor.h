#ifndef EARSHOT_CLIENT_TOKEN_INTERCEPTOR_H_
#define EARSHOT_CLIENT_TOKEN_INTERCEPTOR_H_

#include <grpcpp/support/client_interceptor.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace earshot {

// The token of a file, without the white space around it. An error if there is
// none, or if it is more than one word.
absl::StatusOr<std::string> ReadToken(const std::string& path);

// Gives each call of a channel the token that the file holds when the call
// begins: "authorization: Bearer TOKEN". Where there is none to be read the
// call goes without, and its server says what that means. Whether the channel
// is fit for secrets is for its maker to know. Thread-safe.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>
MakeTokenInterceptors(std::string token_file);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_TOKEN_INTERCEPTOR_H_
