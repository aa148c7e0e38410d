#include "server/earshot_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "metrics/process_metrics.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "proto/grpc/health/v1/health.pb.h"
#include "server/limits/descriptor_limit.h"
#include "server/metrics/server_metrics.h"

namespace earshot {
namespace {

using Connections =
    grpc::ServerBuilder::experimental_type::ExternalConnectionType;

// Our own check of sizes is the one that clients see, up to here: beyond it
// gRPC ends the call itself, and gives no details.
constexpr int kMaxMessageBytes = 1 << 20;
// What a call may say before it was read: 1 s of 8 channels at 48 kHz, as PCM.
// gRPC would find out by itself what the way holds, with a ping for nearly each
// message: more than all else that is said in silence.
constexpr int kAheadBytes = 1 << 20;
constexpr int kKeepaliveMs = 20000;
constexpr int kKeepaliveTimeoutMs = 10000;
constexpr int kMinPingIntervalMs = 5000;
// From the connection to the end of TLS's handshake and HTTP/2's settings.
constexpr int kHandshakeTimeoutMs = 10000;
// A connection without a call costs memory, and its client makes another one.
constexpr int kConnectionIdleMs = 300000;
// As many as there may be streams: one client may speak for many VMs.
constexpr int kMaxCallsOfConnection = 1000;
// For calls that do not end by themselves once their streams are gone.
constexpr std::chrono::milliseconds kLastGrace{500};

// Plugins are of the process, not of a server.
void InitPlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // Links descriptors, so that reflection can describe them: of the health
    // service, as gRPC's own implementation has none, and of what is in errors.
    grpc::health::v1::HealthCheckRequest::descriptor();
    google::rpc::Status::descriptor();
    google::rpc::ErrorInfo::descriptor();
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

int PlayoutThreads() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EarshotServer>> EarshotServer::Start(
    ServerOptions options) {
  InitPlugins();
  absl::StatusOr<std::unique_ptr<AccessControl>> access =
      AccessControl::Create(options.access);
  if (!access.ok()) return access.status();
  std::optional<metrics::HttpListener> metrics;
  if (!options.metrics.empty()) {
    auto listener = metrics::HttpListener::Open(options.metrics);
    if (!listener.ok()) {
      return absl::UnavailableError(
          absl::StrCat("--metrics: ", listener.status().message()));
    }
    metrics = *std::move(listener);
  }
  std::optional<metrics::HttpListener> web;
  if (!options.web.address.empty()) {
    auto listener = metrics::HttpListener::Open(options.web.address);
    if (!listener.ok()) {
      return absl::UnavailableError(
          absl::StrCat("--web: ", listener.status().message()));
    }
    web = *std::move(listener);
  }
  std::unique_ptr<Recorder> recorder;
  if (!options.record.folder.empty()) {
    auto created = Recorder::Create(options.record);
    if (!created.ok()) {
      return absl::UnavailableError(
          absl::StrCat("--record: ", created.status().message()));
    }
    recorder = *std::move(created);
  }
  std::unique_ptr<EarshotServer> server(new EarshotServer(
      std::move(options), *std::move(access), std::move(recorder)));
  absl::Status status = server->Listen();
  if (!status.ok()) return status;
  if (web.has_value()) status = server->OfferWeb(*std::move(web));
  if (!status.ok()) return status;
  if (metrics.has_value()) server->OfferMetrics(*std::move(metrics));
  return server;
}

EarshotServer::EarshotServer(ServerOptions options,
                             std::unique_ptr<AccessControl> access,
                             std::unique_ptr<Recorder> recorder)
    : options_(std::move(options)),
      access_(std::move(access)),
      overload_(
          static_cast<size_t>(PlayoutThreads()),
          [this] { OnOverloadChanged(); }, options_.load),
      recorder_(std::move(recorder)),
      listeners_(&registry_),
      pool_(PlayoutThreads(), &overload_, [this] { listeners_.Wake(); }),
      playback_(access_.get(), &registry_, &pool_, &options_.sinks,
                recorder_.get(), options_.playout, options_.open_timeout,
                options_.resume_timeout, &overload_,
                [this](const std::string& peer) { gate_->Cut(peer); }),
      admin_(
          access_.get(), &registry_, [this] { return playback_.draining(); },
          [this] { return overload_.overloaded(); }),
      listen_(access_.get(), &listeners_),
      channelz_(access_.get()) {}

EarshotServer::~EarshotServer() {
  if (server_ != nullptr) Drain(std::chrono::milliseconds(0));
}

bool EarshotServer::Drain(std::chrono::milliseconds timeout) {
  if (server_ == nullptr) return true;
  {
    const std::lock_guard lock(health_mutex_);
    leaving_ = true;
  }
  UpdateHealth();
  const MonotonicTime deadline = std::chrono::steady_clock::now() + timeout;
  playback_.StartDraining(deadline);
  const bool drained = registry_.WaitUntilPlayed(deadline);
  admin_.StopWatching();
  pool_.Stop();
  listeners_.Stop();
  web_.reset();
  gate_->Stop();
  server_->Shutdown(std::chrono::system_clock::now() + kLastGrace);
  server_->Wait();
  Retire(std::move(server_));
  for (const std::string& path : unix_paths_) unlink(path.c_str());
  return drained;
}

void EarshotServer::ReloadFiles() {
  access_->Reload(std::chrono::system_clock::now());
  transport_->Reload();
}

std::vector<ConfigFileState> EarshotServer::ConfigFiles() {
  std::vector<ConfigFileState> files = access_->files();
  for (ConfigFileState& file : transport_->files()) {
    files.push_back(std::move(file));
  }
  return files;
}

absl::Status EarshotServer::Listen() {
  auto transport =
      TransportSecurity::Create(options_.transport, options_.listen);
  if (!transport.ok()) return transport.status();
  transport_ = *std::move(transport);
  grpc::ServerBuilder builder;
  gate_ = std::make_unique<ConnectionGate>(
      [this] { return access_->quotas(); },
      DescriptorsForConnections(options_.descriptors));
  for (const ListenAddress& address : options_.listen) {
    if (!address.unix_path.empty()) {
      const absl::Status status = RemoveStaleSocket(address.unix_path);
      if (!status.ok()) return status;
    }
    const absl::StatusOr<std::string> text = gate_->Listen(
        address,
        builder.experimental().AddExternalConnectionAcceptor(
            Connections::FROM_FD, transport_->CredentialsFor(address)));
    if (!text.ok()) {
      return absl::UnavailableError(absl::StrCat(
          "cannot listen at ", address.text, ": ", text.status().message()));
    }
    addresses_.push_back(*text);
    if (!address.unix_path.empty()) unix_paths_.push_back(address.unix_path);
  }
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
                             kAheadBytes);
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
  builder.RegisterService(&listen_);
  builder.RegisterService(&channelz_);
  builder.RegisterCallbackGenericService(&unknown_methods_);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             kHandshakeTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                             kConnectionIdleMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             kMaxCallsOfConnection);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::UnavailableError("gRPC cannot start");
  admin_.SetFacts({options_.version, options_.sinks.text(), addresses_,
                   std::chrono::system_clock::now(),
                   [this] { return ConfigFiles(); }});
  UpdateHealth();
  access_->StartLooking();
  gate_->Start();
  return absl::OkStatus();
}

absl::Status EarshotServer::OfferWeb(metrics::HttpListener listener) {
  const absl::StatusOr<std::vector<ListenAddress>> where =
      ParseListenAddresses(listener.text());
  const bool encrypted = options_.transport.uses_tls();
  if (!encrypted && !options_.transport.insecure &&
      !(where.ok() && StaysOnThisMachine(where->front()))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--web: plaintext, and other machines can reach ", listener.text(),
        ": give --tls-cert and --tls-key, or --insecure"));
  }
  web_address_ = listener.text();
  WebPages::Options pages;
  pages.access = access_.get();
  pages.listeners = &listeners_;
  pages.list_streams = [this](const Caller& caller,
                              const v1::ListStreamsRequest& asked,
                              v1::ListStreamsResponse* streams) {
    return admin_.List(caller, asked, streams);
  };
  pages.origins = options_.web.origins;
  // Who asked for plaintext everywhere has names that lead here, too.
  pages.any_host = encrypted || options_.transport.insecure;
  std::unique_ptr<WebTls> tls;
  if (encrypted) {
    tls = std::make_unique<WebTls>([this] { return transport_->in_use(); });
  }
  web_ = std::make_unique<WebServer>(std::move(listener),
                                     WebPages(std::move(pages)), std::move(tls),
                                     &listeners_);
  return absl::OkStatus();
}

std::string EarshotServer::web_url() const {
  if (web_address_.empty()) return "";
  return absl::StrCat(options_.transport.uses_tls() ? "https://" : "http://",
                      web_address_, "/");
}

void EarshotServer::OfferMetrics(metrics::HttpListener listener) {
  metrics_address_ = listener.text();
  ServerMetrics::Sources sources;
  sources.streams = &registry_;
  sources.ticks = &pool_.lateness();
  sources.connections = [this] { return gate_->Counts(); };
  sources.files = [this] { return ConfigFiles(); };
  sources.max_streams = [this] { return access_->quotas().max_streams; };
  for (const auto& [file, path] :
       {std::pair{"certificate", &options_.transport.certificate_file},
        std::pair{"client-ca", &options_.transport.client_ca_file}}) {
    if (!path->empty()) sources.certificates.push_back({file, *path});
  }
  if (recorder_ != nullptr) {
    sources.recordings = [this] { return recorder_->counts(); };
  }
  sources.draining = [this] { return playback_.draining(); };
  sources.overloaded = [this] { return overload_.overloaded(); };
  metrics_ = std::make_unique<metrics::MetricsEndpoint>(
      std::move(listener),
      metrics::MetricsPage::Collectables{
          std::make_shared<metrics::ProcessMetrics>("earshot-server",
                                                    options_.version),
          std::make_shared<ServerMetrics>(std::move(sources))});
}

void EarshotServer::OnOverloadChanged() {
  if (overload_.overloaded()) {
    spdlog::warn("server overloaded: it takes no new streams open_streams={}",
                 registry_.OpenEntries().size());
  } else {
    spdlog::info("server no longer overloaded");
  }
  UpdateHealth();
}

void EarshotServer::UpdateHealth() {
  const std::lock_guard lock(health_mutex_);
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  if (health == nullptr) return;
  const bool ready = !leaving_ && !overload_.overloaded();
  for (const char* name :
       {"", "readiness", v1::PlaybackService::service_full_name(),
        v1::AdminService::service_full_name(),
        v1::ListenService::service_full_name()}) {
    health->SetServingStatus(name, ready);
  }
  health->SetServingStatus("liveness", true);
}

}  // namespace earshot
