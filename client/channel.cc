#include "client/channel.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/strip.h"
#include "client/server_address.h"
#include "client/token_interceptor.h"

namespace earshot {
namespace {

using Interceptors = std::vector<
    std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>;

// HTTP/2 pings, when nothing came for so long. Servers allow few of them, and
// PlaybackStream's own come sooner; what counts here is the time-out, after
// which the kernel gives up a connection that acknowledges nothing.
constexpr int kKeepaliveMs = 20000;
constexpr int kKeepaliveTimeoutMs = 5000;
// gRPC's own wait between attempts to connect: longer than the longest of
// Backoff, which governs and cuts it short (PlaybackStream). Two attempts at
// the same time cost twice the processor for nothing, for as long as a service
// is away.
constexpr int kReconnectMs = 5000;
// How long one attempt to connect may take; gRPC's own is 20 s. A host that
// came back during a longer one would wait for TCP's next try, 2 s or more.
constexpr int kConnectMs = 2500;
// What a call may be told before it has read it. gRPC would find out by itself
// what the way holds, with a ping for nearly each message: more than all else
// that is said in silence.
constexpr int kAheadBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
    const std::string& server, const Credentials& credentials,
    const std::string& name) {
  const absl::Status allowed = CheckServerAddress(server);
  if (!allowed.ok()) return allowed;
  const std::string address(absl::StripPrefix(server, kDnsScheme));
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kAheadBytes);
  // A proxy of the environment is for the web, not for sound.
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const SecurityOptions& options = credentials.options();
  if (!options.server_name.empty()) {
    args.SetSslTargetNameOverride(options.server_name);
  } else if (!name.empty()) {
    args.SetSslTargetNameOverride(name.substr(0, name.rfind(':')));
  }
  Interceptors interceptors;
  if (!options.token_file.empty()) {
    interceptors.push_back(MakeTokenInterceptors(options.token_file));
  }
  std::shared_ptr<grpc::Channel> channel =
      grpc::experimental::CreateCustomChannelWithInterceptors(
          server, credentials.ForChannel(name.empty() ? address : name), args,
          std::move(interceptors));
  return channel;
}

}  // namespace earshot
