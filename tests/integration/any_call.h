#ifndef EARSHOT_TESTS_INTEGRATION_ANY_CALL_H_
#define EARSHOT_TESTS_INTEGRATION_ANY_CALL_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

namespace earshot {

// What came of a call.
struct CallOutcome {
  // Of a call that would go on: OK, once it has said something.
  grpc::Status status;
  std::string reason;  // of its ErrorInfo; empty if it has none
  std::string message;
  std::string response;  // the first that it heard, serialised
};

// Calls a method by its name, such as "/earshot.v1.AdminService/GetIdentity",
// with one request, serialised, and a bearer token, unless that is empty. A
// call that says nothing for so long counts as one that was let in.
CallOutcome CallAny(const std::shared_ptr<grpc::Channel>& channel,
                    const std::string& method, const std::string& request,
                    const std::string& token,
                    std::chrono::milliseconds patience);

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_ANY_CALL_H_
