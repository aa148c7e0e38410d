#include "client/call_status.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

grpc::Status Refusal(int64_t seconds, int32_t nanos) {
  google::rpc::ErrorInfo info;
  info.set_reason("OVERLOADED");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(seconds);
  retry.mutable_retry_delay()->set_nanos(nanos);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(retry);
  return {grpc::StatusCode::UNAVAILABLE, "too much to do",
          details.SerializeAsString()};
}

TEST(CallStatusTest, SaysWhyTheCallEnded) {
  EXPECT_EQ(FromGrpcStatus(grpc::Status::OK).code(),
            absl::StatusCode::kUnavailable);
  const grpc::Status status(grpc::StatusCode::ABORTED, "taken over");
  EXPECT_EQ(FromGrpcStatus(status), absl::AbortedError("taken over"));
  EXPECT_FALSE(RetryDelay(status).has_value());
}

TEST(CallStatusTest, KnowsWhenTheServerMayBeAskedAgain) {
  EXPECT_EQ(RetryDelay(Refusal(5, 250'000'000)), milliseconds(5250));
}

TEST(CallStatusTest, NoServerIsWaitedForLongerThanAMinute) {
  EXPECT_EQ(RetryDelay(Refusal(INT64_MAX, INT32_MAX)), milliseconds(60'000));
  EXPECT_EQ(RetryDelay(Refusal(INT64_MIN, INT32_MIN)), milliseconds(0));
}

TEST(CallStatusTest, DetailsThatAreNoneSayNothing) {
  EXPECT_FALSE(
      RetryDelay({grpc::StatusCode::UNAVAILABLE, "too much", "\xff\xff"})
          .has_value());
}

}  // namespace
}  // namespace earshot
