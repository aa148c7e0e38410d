#include "client/cli/rpc_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace earshot {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

grpc::Status Refused(grpc::StatusCode code, const std::string& reason,
                     const std::string& message) {
  google::rpc::RetryInfo retry;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  google::rpc::Status details;
  details.add_details()->PackFrom(retry);
  details.add_details()->PackFrom(info);
  return grpc::Status(code, message, details.SerializeAsString());
}

TEST(RpcErrorTest, ARefusalIsReasonMessageAndWhatToDo) {
  const grpc::Status status =
      Refused(grpc::StatusCode::PERMISSION_DENIED, "NOT_ALLOWED",
              "name: token:bob may not see the VM a");
  EXPECT_EQ(ReasonOf(status), "NOT_ALLOWED");
  EXPECT_EQ(RpcErrorLine(status, "s:1"),
            "NOT_ALLOWED: name: token:bob may not see the VM a; whoever keeps "
            "the service's policy can grant it; `earshot whoami` says who you "
            "are to it");
}

TEST(RpcErrorTest, AReasonWithoutAdviceIsNotGivenAny) {
  EXPECT_EQ(RpcErrorLine(Refused(grpc::StatusCode::INTERNAL, "NEW", "so"), "s"),
            "NEW: so");
}

TEST(RpcErrorTest, TroubleOnTheWayNamesTheServerAndTheDoctor) {
  for (const auto code :
       {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::DEADLINE_EXCEEDED}) {
    const std::string line =
        RpcErrorLine(grpc::Status(code, "connection refused"), "host:1");
    EXPECT_THAT(line, HasSubstr("host:1"));
    EXPECT_THAT(line, HasSubstr("earshot doctor"));
  }
}

TEST(RpcErrorTest, ItIsOneLineWhateverTheServerSays) {
  const std::string line = RpcErrorLine(
      grpc::Status(grpc::StatusCode::UNKNOWN, "a\nb\x1b[2J", "no details"),
      "s");
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace earshot
