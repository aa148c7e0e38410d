#include "deploy/kubevirt/hook/hook_server.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "absl/status/status.h"

namespace earshot {

HookServer::HookServer(std::string socket, std::unique_ptr<grpc::Server> server)
    : socket_(std::move(socket)), server_(std::move(server)) {}

absl::StatusOr<std::unique_ptr<HookServer>> HookServer::Create(
    const std::string& socket, const std::string& staging,
    const std::vector<grpc::Service*>& services) {
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort("unix:" + staging, grpc::InsecureServerCredentials(),
                           &bound);
  for (grpc::Service* service : services) builder.RegisterService(service);
  auto server = builder.BuildAndStart();
  if (server == nullptr || bound == 0) {
    return absl::UnavailableError("cannot listen at " + staging);
  }
  std::unique_ptr<HookServer> hook(new HookServer(socket, std::move(server)));
  if (rename(staging.c_str(), socket.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make " + socket);
  }
  return hook;
}

HookServer::~HookServer() {
  Shutdown();
  unlink(socket_.c_str());
}

void HookServer::Shutdown() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
}

}  // namespace earshot
