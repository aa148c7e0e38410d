#include "server/transport/transport_security.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Error(const TransportOptions& options, const char* listen) {
  const auto addresses = ParseListenAddresses(listen);
  EXPECT_TRUE(addresses.ok());
  const auto made = TransportSecurity::Create(options, *addresses);
  return std::string(made.status().message());
}

TEST(TransportSecurityTest, PlaintextStaysOnThisMachine) {
  EXPECT_EQ(Error({}, "localhost:1,127.0.0.2:1,[::1]:1,unix:/run/a"), "");
  for (const char* listen :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "host:1", "localhost:1,host:1"}) {
    EXPECT_THAT(Error({}, listen),
                AllOf(HasSubstr("--tls-cert"), HasSubstr("--insecure")))
        << listen;
  }
}

TEST(TransportSecurityTest, PlaintextGoesElsewhereWhereSomebodyAskedForIt) {
  TransportOptions options;
  options.insecure = true;
  EXPECT_EQ(Error(options, "0.0.0.0:1"), "");
}

TEST(TransportSecurityTest, FlagsThatDoNotFitAreNamed) {
  TransportOptions half;
  half.certificate_file = "/cert";
  EXPECT_THAT(Error(half, "localhost:1"), HasSubstr("--tls-key"));
  TransportOptions only_ca;
  only_ca.client_ca_file = "/ca";
  EXPECT_THAT(Error(only_ca, "localhost:1"), HasSubstr("--tls-cert"));
  TransportOptions both;
  both.certificate_file = "/cert";
  both.key_file = "/key";
  both.insecure = true;
  EXPECT_THAT(Error(both, "localhost:1"), HasSubstr("--insecure"));
}

}  // namespace
}  // namespace earshot
