#include "server/error_status.h"

#include <google/protobuf/util/time_util.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "server/refusal_counts.h"

namespace earshot {
namespace {

void AddErrorInfo(const Refusal& refusal, google::rpc::Status* status) {
  google::rpc::ErrorInfo info;
  info.set_domain("earshot.v1");
  info.set_reason(Describe(refusal.reason).name);
  if (!refusal.field.empty()) {
    (*info.mutable_metadata())["field"] = refusal.field;
  }
  status->add_details()->PackFrom(info);
}

void AddRetryInfo(const Refusal& refusal, google::rpc::Status* status) {
  if (refusal.retry_after.count() <= 0) return;
  google::rpc::RetryInfo info;
  *info.mutable_retry_delay() =
      google::protobuf::util::TimeUtil::MillisecondsToDuration(
          refusal.retry_after.count());
  status->add_details()->PackFrom(info);
}

void AddQuotaFailure(const Refusal& refusal, google::rpc::Status* status) {
  if (refusal.quota.empty()) return;
  google::rpc::QuotaFailure failure;
  auto& violation = *failure.add_violations();
  violation.set_subject(refusal.quota);
  violation.set_description(refusal.message);
  status->add_details()->PackFrom(failure);
}

void AddBadRequest(const Refusal& refusal, google::rpc::Status* status) {
  if (refusal.field.empty()) return;
  google::rpc::BadRequest request;
  auto& violation = *request.add_field_violations();
  violation.set_field(refusal.field);
  violation.set_description(refusal.message);
  status->add_details()->PackFrom(request);
}

}  // namespace

grpc::Status ToGrpcStatus(const Refusal& refusal) {
  if (refusal.ok()) return grpc::Status::OK;
  RefusalCounts::OfProcess().Count(refusal.reason);
  const ReasonInfo& info = Describe(refusal.reason);
  const std::string message =
      refusal.field.empty()
          ? refusal.message
          : absl::StrCat(refusal.field, ": ", refusal.message);
  google::rpc::Status details;
  details.set_code(static_cast<int>(info.code));
  details.set_message(message);
  AddErrorInfo(refusal, &details);
  AddRetryInfo(refusal, &details);
  AddQuotaFailure(refusal, &details);
  AddBadRequest(refusal, &details);
  return grpc::Status(static_cast<grpc::StatusCode>(info.code), message,
                      details.SerializeAsString());
}

}  // namespace earshot
