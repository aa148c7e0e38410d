#include "server/error_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace earshot {
namespace {

google::rpc::Status DetailsOf(const Refusal& refusal) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(ToGrpcStatus(refusal).error_details()));
  return details;
}

template <typename Detail>
std::vector<Detail> Find(const google::rpc::Status& status) {
  std::vector<Detail> found;
  for (const auto& any : status.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) found.push_back(detail);
  }
  return found;
}

TEST(ErrorStatusTest, NoRefusalIsNoError) {
  EXPECT_TRUE(ToGrpcStatus(Refusal::None()).ok());
}

TEST(ErrorStatusTest, EveryReasonHasOneErrorInfoAndItsCode) {
  for (size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const Refusal refusal{reason, "", "some words"};
    const grpc::Status status = ToGrpcStatus(refusal);
    const google::rpc::Status details = DetailsOf(refusal);
    EXPECT_EQ(static_cast<int>(status.error_code()),
              static_cast<int>(Describe(reason).code));
    EXPECT_EQ(details.code(), status.error_code());
    EXPECT_EQ(details.message(), status.error_message());
    EXPECT_EQ(details.details_size(), 1);
    const auto infos = Find<google::rpc::ErrorInfo>(details);
    ASSERT_EQ(infos.size(), 1u);
    EXPECT_EQ(infos[0].domain(), "earshot.v1");
    EXPECT_EQ(infos[0].reason(), Describe(reason).name);
    EXPECT_TRUE(infos[0].metadata().empty());
  }
}

TEST(ErrorStatusTest, AFieldIsNamedInTheInfoAndAsAViolation) {
  const auto details = DetailsOf({Reason::kBadName, "open.stream", "too long"});
  EXPECT_EQ(details.message(), "open.stream: too long");
  const auto infos = Find<google::rpc::ErrorInfo>(details);
  ASSERT_EQ(infos.size(), 1u);
  EXPECT_EQ(infos[0].metadata().at("field"), "open.stream");
  const auto requests = Find<google::rpc::BadRequest>(details);
  ASSERT_EQ(requests.size(), 1u);
  ASSERT_EQ(requests[0].field_violations_size(), 1);
  EXPECT_EQ(requests[0].field_violations(0).field(), "open.stream");
  EXPECT_EQ(requests[0].field_violations(0).description(), "too long");
}

TEST(ErrorStatusTest, WhenALaterTryMayDoItSaysWhen) {
  const auto details = DetailsOf(
      {Reason::kOverloaded, "", "much to do", std::chrono::milliseconds(2500)});
  const auto retries = Find<google::rpc::RetryInfo>(details);
  ASSERT_EQ(retries.size(), 1u);
  EXPECT_EQ(retries[0].retry_delay().seconds(), 2);
  EXPECT_EQ(retries[0].retry_delay().nanos(), 500000000);
  EXPECT_EQ(details.details_size(), 2);
}

TEST(ErrorStatusTest, AQuotaIsNamed) {
  const auto details =
      DetailsOf({Reason::kTooManyStreams, "open.stream", "there are 1000",
                 std::chrono::milliseconds(5000), "max_streams"});
  const auto failures = Find<google::rpc::QuotaFailure>(details);
  ASSERT_EQ(failures.size(), 1u);
  ASSERT_EQ(failures[0].violations_size(), 1);
  EXPECT_EQ(failures[0].violations(0).subject(), "max_streams");
  EXPECT_EQ(failures[0].violations(0).description(), "there are 1000");
  EXPECT_EQ(details.details_size(), 4);
}

}  // namespace
}  // namespace earshot
