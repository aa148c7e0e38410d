#include "server/web/web_answer.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/refusal_counts.h"

namespace earshot {
namespace {

constexpr char kJson[] = "application/json; charset=utf-8";

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

// Of texts, by their names.
WebAnswer ErrorAnswer(
    int status, const std::vector<std::pair<const char*, std::string>>& texts) {
  google::protobuf::Struct error;
  for (const auto& [name, text] : texts) {
    (*error.mutable_fields())[name].set_string_value(text);
  }
  WebAnswer answer = JsonAnswer(error);
  answer.status = status;
  return answer;
}

}  // namespace

WebAnswer ToAnswer(const Refusal& refusal) {
  RefusalCounts::OfProcess().Count(refusal.reason);
  const ReasonInfo& reason = Describe(refusal.reason);
  WebAnswer answer =
      ErrorAnswer(HttpStatusOf(reason.code),
                  {{"code", absl::StatusCodeToString(reason.code)},
                   {"reason", reason.name},
                   {"message", refusal.message}});
  if (answer.status == 401) {
    answer.headers.push_back({"WWW-Authenticate", "Bearer"});
  }
  if (refusal.retry_after.count() > 0) {
    const auto seconds =
        std::chrono::ceil<std::chrono::seconds>(refusal.retry_after).count();
    answer.headers.push_back({"Retry-After", absl::StrCat(seconds)});
  }
  return answer;
}

WebAnswer ErrorAnswer(int status, const std::string& message) {
  return ErrorAnswer(status, {{"message", message}});
}

WebAnswer JsonAnswer(const google::protobuf::Message& message) {
  WebAnswer answer;
  answer.content_type = kJson;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &answer.body);
  if (!status.ok()) answer.status = 500;
  return answer;
}

}  // namespace earshot
