#include "server/error_status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "server/refusal_counts.h"

namespace earshot {

grpc::Status ToGrpcStatus(const Refusal& refusal) {
  if (refusal.ok()) return grpc::Status::OK;
  RefusalCounts::OfProcess().Count(refusal.reason);
  const ReasonInfo& info = Describe(refusal.reason);
  const std::string message =
      refusal.field.empty()
          ? refusal.message
          : absl::StrCat(refusal.field, ": ", refusal.message);

  google::rpc::ErrorInfo error_info;
  error_info.set_domain("earshot.v1");
  error_info.set_reason(info.name);
  if (!refusal.field.empty()) {
    (*error_info.mutable_metadata())["field"] = refusal.field;
  }
  google::rpc::Status details;
  details.set_code(static_cast<int>(info.code));
  details.set_message(message);
  details.add_details()->PackFrom(error_info);
  return grpc::Status(static_cast<grpc::StatusCode>(info.code), message,
                      details.SerializeAsString());
}

}  // namespace earshot
