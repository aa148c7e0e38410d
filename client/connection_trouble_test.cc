#include "client/connection_trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;

TEST(ConnectionTroubleTest, WhoIsRefusedIsToldWhatToLookAt) {
  const absl::Status unknown = absl::UnauthenticatedError("no credentials");
  EXPECT_TRUE(IsRefusal(unknown));
  EXPECT_THAT(TroubleOf(unknown, "a:1"), HasSubstr("--token-file"));
  const absl::Status denied = absl::PermissionDeniedError("no");
  EXPECT_TRUE(IsRefusal(denied));
  EXPECT_THAT(TroubleOf(denied, "a:1"), HasSubstr("policy"));
}

TEST(ConnectionTroubleTest, AHandshakeThatFailsIsForTheDoctor) {
  const absl::Status failed =
      absl::UnavailableError("failed to connect: Ssl handshake failed");
  EXPECT_FALSE(IsRefusal(failed));
  EXPECT_THAT(TroubleOf(failed, "a:1"),
              HasSubstr("earshot doctor --server=a:1"));
}

TEST(ConnectionTroubleTest, AServerThatIsAwayIsWaitedFor) {
  EXPECT_EQ(TroubleOf(absl::UnavailableError("Connection refused"), "a:1"), "");
}

}  // namespace
}  // namespace earshot
