#include "client/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "client/token_interceptor.h"

namespace earshot {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Path(const std::string& name) {
  return std::string(std::getenv("TEST_TMPDIR")) + "/" + name;
}

std::string Write(const std::string& name, const std::string& text) {
  std::ofstream(Path(name), std::ios::trunc) << text;
  return Path(name);
}

std::string Error(const SecurityOptions& options) {
  return std::string(Credentials::Create(options).status().message());
}

TEST(CredentialsTest, OtherMachinesAreSpokenToByTls) {
  const Credentials credentials;
  for (const char* server : {"localhost:1", "127.0.0.1:1", "127.3.2.1:1",
                             "[::1]:1", "unix:/run/a"}) {
    EXPECT_FALSE(credentials.UsesTls(server)) << server;
  }
  for (const char* server : {"10.0.0.1:1", "host:1", "localhost.evil.org:1",
                             "127.0.0.1.evil.org:1", "[fd00::1]:1"}) {
    EXPECT_TRUE(credentials.UsesTls(server)) << server;
  }
}

TEST(CredentialsTest, FlagsOfTlsAreForThisMachineTooAndInsecureForAll) {
  SecurityOptions wants;
  wants.server_name = "host";
  const auto tls = Credentials::Create(wants);
  ASSERT_TRUE(tls.ok()) << tls.status();
  EXPECT_TRUE(tls->UsesTls("localhost:1"));
  EXPECT_FALSE(tls->UsesTls("unix:/run/a"));
  SecurityOptions insecure;
  insecure.insecure = true;
  const auto plaintext = Credentials::Create(insecure);
  ASSERT_TRUE(plaintext.ok()) << plaintext.status();
  EXPECT_FALSE(plaintext->UsesTls("host:1"));
}

TEST(CredentialsTest, WhatIsWrongIsNamedByFlagAndFile) {
  SecurityOptions options;
  options.ca_file = Path("none");
  EXPECT_THAT(Error(options), AllOf(HasSubstr("--tls-ca=" + Path("none")),
                                    HasSubstr("No such file")));
  options.ca_file = Write("text", "no certificate");
  EXPECT_THAT(Error(options), AllOf(HasSubstr("--tls-ca=" + Path("text")),
                                    HasSubstr("no certificate")));
  options = {};
  options.certificate_file = Path("text");
  options.key_file = Path("none");
  EXPECT_THAT(Error(options), HasSubstr("--tls-key=" + Path("none")));
}

TEST(CredentialsTest, ATokenIsOneWord) {
  EXPECT_EQ(*ReadToken(Write("good", " a-token.b \n")), "a-token.b");
  for (const char* bad : {"", " \n", "two words", "a\nb", "\x01", "\xff"}) {
    EXPECT_FALSE(ReadToken(Write("bad", bad)).ok()) << bad;
  }
  EXPECT_FALSE(ReadToken(Path("none")).ok());
}

}  // namespace
}  // namespace earshot
