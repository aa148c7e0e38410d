#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_SERVER_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace earshot {

// A gRPC server at the UNIX socket where virt-launcher looks for it. The socket
// appears there when it is served already: virt-launcher gives up on a pod
// where one that it finds does not answer within a second. A file that was left
// behind is replaced.
class HookServer {
 public:
  // It is made at `staging`, on the same file system. The services outlive it.
  static absl::StatusOr<std::unique_ptr<HookServer>> Create(
      const std::string& socket, const std::string& staging,
      const std::vector<grpc::Service*>& services);
  ~HookServer();

  // Waits a second for calls under way. Not from where they are answered.
  void Shutdown();

 private:
  HookServer(std::string socket, std::unique_ptr<grpc::Server> server);

  const std::string socket_;
  const std::unique_ptr<grpc::Server> server_;
};

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_HOOK_SERVER_H_
