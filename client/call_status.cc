#include "client/call_status.h"

#include <algorithm>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kLongest = std::chrono::minutes(1);

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::UnavailableError("the server ended the call");
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

std::optional<std::chrono::milliseconds> RetryDelay(
    const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  google::rpc::RetryInfo info;
  for (const auto& detail : details.details()) {
    if (!detail.Is<google::rpc::RetryInfo>() || !detail.UnpackTo(&info)) {
      continue;
    }
    const auto seconds = std::clamp<int64_t>(info.retry_delay().seconds(), 0,
                                             kLongest.count() / 1000);
    const std::chrono::milliseconds delay(
        seconds * 1000 + info.retry_delay().nanos() / 1'000'000);
    return std::clamp(delay, std::chrono::milliseconds(0), kLongest);
  }
  return std::nullopt;
}

}  // namespace earshot
