#include "client/cli/rpc_error.h"

#include "absl/strings/str_cat.h"
#include "client/cli/terminal.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace earshot {
namespace {

struct Advice {
  const char* reason;
  const char* what_to_do;
};

constexpr char kAskForGrant[] =
    "whoever keeps the service's policy can grant it; `earshot whoami` says "
    "who you are to it";
constexpr char kQuota[] =
    "wait, or let whoever keeps the service's policy raise the quota";

// Of the reasons of the contract, those that a person can do something about.
constexpr Advice kAdvice[] = {
    {"STREAM_NOT_FOUND", "`earshot streams` lists those that there are"},
    {"NOT_ALLOWED", kAskForGrant},
    {"STREAM_OF_ANOTHER", kAskForGrant},
    {"NO_CREDENTIALS",
     "give a certificate (--tls-cert, --tls-key) or a token (--token-file)"},
    {"BAD_TOKEN", "the service does not know the token of --token-file"},
    {"TOKEN_EXPIRED", "get a new token for --token-file"},
    {"BAD_FILTER",
     "such as --filter='state = PLAYING AND underruns_total > 0'"},
    {"SHUTTING_DOWN", "the server is going down: try another, or later"},
    {"OVERLOADED", "the server takes no new streams: try another, or later"},
    {"TOO_MANY_STREAMS", kQuota},
    {"TOO_MANY_STREAMS_OF_PRINCIPAL", kQuota},
    {"TOO_MANY_OPENS", kQuota},
    {"TOO_MANY_WATCHERS", "end another --watch"},
    {"TOO_MANY_LISTENERS", "end another `earshot listen`"},
    {"UNKNOWN_METHOD", "the server is older than this program"},
};

constexpr char kDoctor[] = "`earshot doctor` looks for the cause";

}  // namespace

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return "";
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

std::string AdviceFor(const grpc::Status& status) {
  const std::string reason = ReasonOf(status);
  for (const Advice& advice : kAdvice) {
    if (reason == advice.reason) return advice.what_to_do;
  }
  if (!reason.empty()) return "";
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::UNKNOWN:
      return kDoctor;
    case grpc::StatusCode::UNIMPLEMENTED:
      return "it is no Earshot server, or an older one";
    default:
      return "";
  }
}

std::string RpcErrorLine(const grpc::Status& status,
                         const std::string& server) {
  const std::string reason = ReasonOf(status);
  std::string line;
  if (!reason.empty()) {
    line = absl::StrCat(reason, ": ", status.error_message());
  } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    line = absl::StrCat("no answer from ", server, " in time");
  } else {
    line =
        absl::StrCat(server, ": ",
                     status.error_message().empty()
                         ? absl::StrCat("gRPC status ",
                                        static_cast<int>(status.error_code()))
                         : status.error_message());
  }
  const std::string advice = AdviceFor(status);
  return Printable(absl::StrCat(line, advice.empty() ? "" : "; ", advice));
}

}  // namespace earshot
