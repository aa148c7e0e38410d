#ifndef EARSHOT_TESTS_INTEGRATION_REFLECTED_METHODS_H_
#define EARSHOT_TESTS_INTEGRATION_REFLECTED_METHODS_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <set>
#include <string>

namespace earshot {

// Every method of a server, such as "earshot.v1.AdminService/GetIdentity", as
// its reflection has them: of the services that it lists, and of `unlisted`.
// Aborts the test where that is no answer.
std::set<std::string> ReflectedMethods(
    const std::shared_ptr<grpc::Channel>& channel,
    const std::set<std::string>& unlisted);

}  // namespace earshot

#endif  // EARSHOT_TESTS_INTEGRATION_REFLECTED_METHODS_H_
