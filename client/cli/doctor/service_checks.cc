#include "client/cli/doctor/service_checks.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/identity_text.h"
#include "client/cli/rpc_error.h"
#include "proto/earshot/v1/admin.grpc.pb.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"

namespace earshot {
namespace {

using grpc::StatusCode;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{5};
constexpr int kRoundTrips = 20;
// A way as long as this is heard by who plays along, or speaks.
constexpr double kLongWayMs = 150;

void SetPatience(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
}

grpc::Status Identify(const std::shared_ptr<grpc::Channel>& channel,
                      v1::GetIdentityResponse* identity) {
  grpc::ClientContext context;
  SetPatience(context);
  return v1::AdminService::NewStub(channel)->GetIdentity(&context, {},
                                                         identity);
}

std::string ErrorText(const grpc::Status& status) {
  const std::string reason = ReasonOf(status);
  return absl::StrCat(reason, reason.empty() ? "" : ": ",
                      status.error_message());
}

enum class Health { kServing, kNotServing, kUnknown, kUnreachable };

Health AskHealth(const std::shared_ptr<grpc::Channel>& channel,
                 const std::string& name) {
  grpc::ClientContext context;
  SetPatience(context);
  HealthCheckRequest request;
  request.set_service(name);
  HealthCheckResponse response;
  const grpc::Status status = grpc::health::v1::Health::NewStub(channel)->Check(
      &context, request, &response);
  if (status.ok()) {
    return response.status() == HealthCheckResponse::SERVING
               ? Health::kServing
               : Health::kNotServing;
  }
  return status.error_code() == StatusCode::NOT_FOUND ||
                 status.error_code() == StatusCode::UNIMPLEMENTED
             ? Health::kUnknown
             : Health::kUnreachable;
}

const char* WordOf(Health health) {
  switch (health) {
    case Health::kServing:
      return "yes";
    case Health::kNotServing:
      return "no";
    case Health::kUnknown:
      return "it does not say";
    case Health::kUnreachable:
      return "no answer";
  }
  return "";
}

// Why a server that lives takes no streams, if we may know.
std::string WhyNotReady(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  SetPatience(context);
  v1::GetServerInfoResponse info;
  if (!v1::AdminService::NewStub(channel)
           ->GetServerInfo(&context, {}, &info)
           .ok()) {
    return "it is going down, or has too much to do";
  }
  if (info.draining()) return "it is going down";
  if (info.overloaded()) {
    return absl::StrCat("it has too much to do, with ", info.playing_streams(),
                        " streams that play");
  }
  return "it does not say why";
}

}  // namespace

std::optional<v1::GetIdentityResponse> CheckGrpc(
    const std::shared_ptr<grpc::Channel>& channel, const Report& report) {
  Finding finding{"grpc", Verdict::kBad, "", ""};
  v1::GetIdentityResponse identity;
  const grpc::Status status = Identify(channel, &identity);
  if (status.ok()) {
    finding.verdict = Verdict::kGood;
    finding.found = absl::StrCat("earshot-server ", identity.server_version());
    SetFact(finding, "server_version", identity.server_version());
    report(finding);
    return identity;
  }
  SetFact(finding, "reason", ReasonOf(status));
  switch (status.error_code()) {
    case StatusCode::UNAUTHENTICATED:
      finding.check = "identity";
      finding.found = absl::StrCat(
          "the server does not accept who you say "
          "you are: ",
          ErrorText(status));
      break;
    case StatusCode::UNIMPLEMENTED:
      finding.found =
          "a gRPC server answers, but no Earshot server (or one that is "
          "older than this program)";
      break;
    case StatusCode::DEADLINE_EXCEEDED:
      finding.found = "the server takes the call, and does not answer it";
      break;
    default:
      finding.found = absl::StrCat("gRPC: ", ErrorText(status));
  }
  finding.advice = AdviceFor(status);
  if (ReasonOf(status).empty()) {
    finding.advice =
        status.error_code() == StatusCode::UNIMPLEMENTED
            ? "check the port in --server"
            : "look at the server's log; it may hang, or have too many "
              "connections, or something between does not let gRPC through";
  }
  report(finding);
  return std::nullopt;
}

void CheckIdentity(const v1::GetIdentityResponse& identity,
                   const std::string& vm, const Report& report) {
  Finding finding{"identity", Verdict::kGood, "", ""};
  SetFact(finding, "principal", identity.principal());
  SetFact(finding, "transport", identity.transport());
  if (FitsOne(identity.player_vms(), vm)) {
    finding.found = absl::StrCat("you are ", identity.principal(),
                                 ", who may play as ", vm);
  } else {
    finding.verdict = Verdict::kBad;
    finding.found = absl::StrCat(
        "you are ", identity.principal(), ", who may not play as ", vm,
        identity.player_vms().empty()
            ? ", nor as any other VM"
            : absl::StrCat(", but as ",
                           absl::StrJoin(identity.player_vms(), ", ")));
    finding.advice = absl::StrCat(
        "check --vm, and what you show the server (--tls-cert, --token-file); "
        "or let whoever keeps the service's policy grant it: grant { "
        "principal: \"",
        identity.principal(), "\" player: \"", vm, "\" }");
  }
  report(finding);
}

bool CheckHealth(const std::shared_ptr<grpc::Channel>& channel,
                 const Report& report) {
  Finding finding{"health", Verdict::kGood, "", ""};
  const Health live = AskHealth(channel, "liveness");
  Health ready = AskHealth(channel, "readiness");
  if (ready == Health::kUnknown) ready = AskHealth(channel, "");
  finding.found = absl::StrCat("alive: ", WordOf(live),
                               ", ready for streams: ", WordOf(ready));
  SetFact(finding, "liveness", WordOf(live));
  SetFact(finding, "readiness", WordOf(ready));
  if (ready == Health::kNotServing) {
    finding.verdict = Verdict::kBad;
    finding.found =
        absl::StrCat("the server takes no new streams: ", WhyNotReady(channel));
    finding.advice =
        "use another server (--server=A,B names several), or try later";
  } else if (ready != Health::kServing || live == Health::kNotServing) {
    finding.verdict = Verdict::kWarning;
    finding.advice = "look at the server's log";
  }
  report(finding);
  return ready != Health::kNotServing;
}

void CheckRoundTrip(const std::shared_ptr<grpc::Channel>& channel,
                    const Report& report) {
  Finding finding{"round trip", Verdict::kGood, "", ""};
  std::vector<double> times;
  for (int i = 0; i < kRoundTrips; ++i) {
    v1::GetIdentityResponse identity;
    const auto began = steady_clock::now();
    const grpc::Status status = Identify(channel, &identity);
    if (!status.ok()) {
      finding.verdict = Verdict::kBad;
      finding.found = absl::StrCat("call ", i + 1, " of ", kRoundTrips,
                                   " failed: ", ErrorText(status));
      finding.advice =
          "the connection breaks: look at the way and the "
          "server's log";
      report(finding);
      return;
    }
    times.push_back(
        std::chrono::duration<double, std::milli>(steady_clock::now() - began)
            .count());
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  finding.found = absl::StrFormat(
      "%.1f ms in the middle, %.1f at most (%d "
      "calls)",
      median, times.back(), kRoundTrips);
  SetFact(finding, "median_ms", median);
  SetFact(finding, "max_ms", times.back());
  if (median > kLongWayMs) {
    finding.verdict = Verdict::kWarning;
    finding.advice =
        "the way is long: sound is heard late; a server that is nearer helps";
  }
  report(finding);
}

std::optional<v1::Stream> LookAtStream(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& name) {
  grpc::ClientContext context;
  SetPatience(context);
  v1::GetStreamRequest request;
  request.set_name(name);
  v1::GetStreamResponse response;
  const grpc::Status status = v1::AdminService::NewStub(channel)->GetStream(
      &context, request, &response);
  if (!status.ok()) return std::nullopt;
  return response.stream();
}

}  // namespace earshot
