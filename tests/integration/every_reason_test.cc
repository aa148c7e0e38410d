// Every reason of the contract, provoked over gRPC: its status, one ErrorInfo,
// the details beside it, and that the server has counted it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/refusal.h"
#include "server/refusal_counts.h"
#include "tests/integration/reason_rig.h"

namespace earshot {

// For gtest.
void PrintTo(const ReasonRow& row, std::ostream* out) {
  *out << row.reason << " " << row.where;
}

namespace {

std::vector<ReasonRow> AllRows() {
  std::vector<ReasonRow> rows;
  for (const auto& some :
       {PlayReasons(), LimitReasons(), AccessReasons(), OperationReasons()}) {
    rows.insert(rows.end(), some.begin(), some.end());
  }
  return rows;
}

// kNone if there is no such reason.
Reason ReasonNamed(const std::string& name) {
  for (size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (name == Describe(reason).name) return reason;
  }
  return Reason::kNone;
}

// All those of one type.
template <typename Detail>
std::vector<Detail> DetailsOf(const grpc::Status& status) {
  google::rpc::Status all;
  EXPECT_TRUE(all.ParseFromString(status.error_details()));
  std::vector<Detail> details;
  for (const google::protobuf::Any& one : all.details()) {
    Detail detail;
    if (one.UnpackTo(&detail)) details.push_back(detail);
  }
  return details;
}

void ExpectErrorInfo(const grpc::Status& status, const ReasonRow& row) {
  const auto infos = DetailsOf<google::rpc::ErrorInfo>(status);
  ASSERT_EQ(infos.size(), 1U);
  EXPECT_EQ(infos[0].reason(), row.reason);
  EXPECT_EQ(infos[0].domain(), "earshot.v1");
  const auto field = infos[0].metadata().find("field");
  EXPECT_EQ(field == infos[0].metadata().end() ? "" : field->second, row.field);
}

void ExpectBadRequest(const grpc::Status& status, const ReasonRow& row) {
  const auto bad = DetailsOf<google::rpc::BadRequest>(status);
  ASSERT_EQ(bad.size(), row.field.empty() ? 0U : 1U);
  if (bad.empty()) return;
  ASSERT_EQ(bad[0].field_violations_size(), 1);
  EXPECT_EQ(bad[0].field_violations(0).field(), row.field);
  EXPECT_NE(bad[0].field_violations(0).description(), "");
}

void ExpectRetryInfo(const grpc::Status& status, const ReasonRow& row) {
  const auto retries = DetailsOf<google::rpc::RetryInfo>(status);
  ASSERT_EQ(retries.size(), row.has_retry_info ? 1U : 0U);
  if (retries.empty()) return;
  const auto& delay = retries[0].retry_delay();
  EXPECT_GT(delay.seconds() * 1'000'000'000 + delay.nanos(), 0);
}

void ExpectQuotaFailure(const grpc::Status& status, const ReasonRow& row) {
  const auto failures = DetailsOf<google::rpc::QuotaFailure>(status);
  ASSERT_EQ(failures.size(), row.has_quota_failure ? 1U : 0U);
  if (failures.empty()) return;
  ASSERT_EQ(failures[0].violations_size(), 1);
  EXPECT_NE(failures[0].violations(0).subject(), "");
  EXPECT_NE(failures[0].violations(0).description(), "");
}

class EveryReasonTest : public ReasonRig,
                        public testing::WithParamInterface<ReasonRow> {};

TEST_P(EveryReasonTest, IsToldWithItsDetailsAndCounted) {
  const ReasonRow& row = GetParam();
  const Reason reason = ReasonNamed(row.reason);
  ASSERT_NE(reason, Reason::kNone);
  const uint64_t before = RefusalCounts::OfProcess().of(reason);
  const grpc::Status status = row.provoke(*this);
  EXPECT_EQ(status.error_code(), row.code) << status.error_message();
  EXPECT_NE(status.error_message(), "");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  ExpectErrorInfo(status, row);
  ExpectBadRequest(status, row);
  ExpectRetryInfo(status, row);
  ExpectQuotaFailure(status, row);
  EXPECT_EQ(
      details.details_size(),
      1 + !row.field.empty() + row.has_retry_info + row.has_quota_failure);
  EXPECT_GT(RefusalCounts::OfProcess().of(reason), before);
}

INSTANTIATE_TEST_SUITE_P(Contract, EveryReasonTest,
                         testing::ValuesIn(AllRows()), [](const auto& info) {
                           const ReasonRow& row = info.param;
                           return absl::StrCat(row.reason,
                                               row.where.empty() ? "" : "_",
                                               row.where);
                         });

// What the contract lists is what the server has: error_details_test.
TEST(EveryReasonTableTest, HasARowForEveryReason) {
  std::set<std::string> provoked;
  for (const ReasonRow& row : AllRows()) provoked.insert(row.reason);
  std::set<std::string> known;
  for (size_t i = 1; i < kReasonCount; ++i) {
    known.insert(Describe(static_cast<Reason>(i)).name);
  }
  EXPECT_EQ(provoked, known);
}

}  // namespace
}  // namespace earshot
