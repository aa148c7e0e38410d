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

TEST(ConnectionTroubleTest, AConnectionThatFailsIsExplained) {
  const auto trouble = [](const std::string& last_error) {
    return TroubleOf(
        absl::UnavailableError("failed to connect to all addresses; last "
                               "error: UNKNOWN: ipv4:127.0.0.1:1: " +
                               last_error),
        "a:1");
  };
  EXPECT_THAT(trouble("Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL "
                      "routines::certificate verify failed"),
              HasSubstr("--tls-ca"));
  EXPECT_THAT(trouble("Peer name x is not in peer certificate"),
              HasSubstr("--tls-server-name"));
  EXPECT_THAT(trouble("Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL "
                      "routines::wrong version number"),
              HasSubstr("does not speak TLS"));
  EXPECT_THAT(trouble("Socket closed"), HasSubstr("--tls-cert"));
  EXPECT_THAT(trouble("Socket closed"),
              HasSubstr("earshot doctor --server=a:1"));
}

TEST(ConnectionTroubleTest, AServerThatIsAwayIsWaitedFor) {
  for (const char* said :
       {"Connection refused", "Socket closed",
        "failed to connect to all addresses; last error: Connection refused"}) {
    EXPECT_EQ(TroubleOf(absl::UnavailableError(said), "a:1"), "") << said;
  }
}

}  // namespace
}  // namespace earshot
