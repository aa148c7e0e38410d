#include "server/earshot_server.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/grpc/health/v1/health.pb.h"

namespace earshot {
namespace {

// Our own check of sizes is the one that clients see; this only bounds memory.
constexpr int kMaxMessageBytes = 1 << 20;
constexpr int kKeepaliveMs = 20000;
constexpr int kKeepaliveTimeoutMs = 10000;
constexpr int kMinPingIntervalMs = 5000;
// For calls that do not end by themselves once their streams are gone.
constexpr std::chrono::milliseconds kLastGrace{500};

// Plugins are of the process, not of a server.
void InitPlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::channelz::experimental::InitChannelzService();
    // Links the descriptor of the health service, so that reflection can
    // describe it: gRPC's own implementation has none.
    grpc::health::v1::HealthCheckRequest::descriptor();
  });
}

// gRPC 1.51 ends the threads of its callback API when the last server and
// channel that used them go, and now and then aborts then: one of the threads
// gives back a reference to their queue that is no longer there. So the first
// server, though it is shut down, stays for as long as the process.
void Retire(std::unique_ptr<grpc::Server> server) {
  static const grpc::Server* const kept = server.release();
  (void)kept;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EarshotServer>> EarshotServer::Start(
    ServerOptions options) {
  InitPlugins();
  std::unique_ptr<EarshotServer> server(new EarshotServer(std::move(options)));
  const absl::Status status = server->Listen();
  if (!status.ok()) return status;
  return server;
}

EarshotServer::EarshotServer(ServerOptions options)
    : options_(std::move(options)),
      pool_(static_cast<int>(std::thread::hardware_concurrency())),
      playback_(&access_, &registry_, &pool_, &options_.sinks, options_.playout,
                options_.open_timeout, options_.resume_timeout),
      admin_(&access_, &registry_, [this] { return playback_.draining(); }) {}

EarshotServer::~EarshotServer() {
  if (server_ != nullptr) Drain(std::chrono::milliseconds(0));
}

bool EarshotServer::Drain(std::chrono::milliseconds timeout) {
  if (server_ == nullptr) return true;
  SetServing(false);
  playback_.StartDraining(timeout);
  const bool drained =
      registry_.WaitUntilPlayed(std::chrono::steady_clock::now() + timeout);
  admin_.StopWatching();
  pool_.Stop();
  server_->Shutdown(std::chrono::system_clock::now() + kLastGrace);
  server_->Wait();
  Retire(std::move(server_));
  for (const std::string& path : unix_paths_) unlink(path.c_str());
  return drained;
}

absl::Status EarshotServer::Listen() {
  grpc::ServerBuilder builder;
  std::vector<int> ports(options_.listen.size(), 0);
  for (size_t i = 0; i < options_.listen.size(); ++i) {
    const ListenAddress& address = options_.listen[i];
    if (!address.unix_path.empty()) {
      const absl::Status status = RemoveStaleSocket(address.unix_path);
      if (!status.ok()) return status;
    }
    builder.AddListeningPort(address.text, grpc::InsecureServerCredentials(),
                             &ports[i]);
  }
  // Else two servers share a port, and clients get one or the other.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // A client whose machine is gone is found out by HTTP/2 pings; a client may
  // find us out likewise, also while its stream is idle.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kMinPingIntervalMs);
  builder.RegisterService(&playback_);
  builder.RegisterService(&admin_);
  server_ = builder.BuildAndStart();
  for (size_t i = 0; i < ports.size(); ++i) {
    const ListenAddress& address = options_.listen[i];
    if (ports[i] <= 0) {
      Retire(std::move(server_));
      return absl::UnavailableError(absl::StrCat(
          "cannot listen at ", address.text, ": ", WhyNotListen(address)));
    }
    addresses_.push_back(address.unix_path.empty()
                             ? absl::StrCat(address.host, ":", ports[i])
                             : address.text);
    if (!address.unix_path.empty()) unix_paths_.push_back(address.unix_path);
  }
  if (server_ == nullptr) return absl::UnavailableError("gRPC cannot start");
  admin_.SetFacts({options_.version, options_.sinks.text(), addresses_,
                   std::chrono::system_clock::now()});
  SetServing(true);
  return absl::OkStatus();
}

void EarshotServer::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  if (health == nullptr) return;
  health->SetServingStatus("", serving);
  health->SetServingStatus(v1::PlaybackService::service_full_name(), serving);
  health->SetServingStatus(v1::AdminService::service_full_name(), serving);
}

}  // namespace earshot
