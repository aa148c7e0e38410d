#ifndef EARSHOT_SERVER_UNKNOWN_METHODS_H_
#define EARSHOT_SERVER_UNKNOWN_METHODS_H_

#include <grpcpp/generic/async_generic_service.h>

namespace earshot {

// Answers what no service of the server knows: UNIMPLEMENTED, UNKNOWN_METHOD,
// where gRPC itself would give no details. Thread-safe.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_UNKNOWN_METHODS_H_
