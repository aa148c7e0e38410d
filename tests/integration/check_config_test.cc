// earshot-server --check-config: the example of deploy/policy is right and
// means what it says; what is wrong is named, and the exit code tells.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bazel/temporary_folder.h"
#include "server/access/test_issuer.h"
#include "tests/integration/test_authority.h"

namespace earshot {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kServer[] = "server/earshot-server";
constexpr char kPolicy[] = "--policy=deploy/policy/policy.textproto";
constexpr char kTokens[] = "--tokens=deploy/policy/tokens";

struct Result {
  int exit_code = -1;
  std::string text;  // all that it said
};

Result Check(const std::vector<std::string>& flags) {
  const std::string command = absl::StrCat(kServer, " --check-config ",
                                           absl::StrJoin(flags, " "), " 2>&1");
  Result result;
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> bytes;
  while (const size_t got = std::fread(bytes.data(), 1, bytes.size(), pipe)) {
    result.text.append(bytes.data(), got);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

class CheckConfigTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

TEST_F(CheckConfigTest, TheExampleIsRight) {
  constexpr int kLong = 90 * 24 * 3600;
  const TestAuthority authority("the authority", kLong);
  const TestCertificate mine =
      authority.Issue({{"DNS:localhost"}, -3600, kLong});
  const TestIssuer issuer("EC", "k", 256);
  const Result result =
      Check({kPolicy, kTokens, "--jwks=" + Write("jwks", issuer.Jwks()),
             "--jwt-issuer=https://issuer.test", "--jwt-audience=earshot",
             "--tls-cert=" + Write("cert.pem", mine.certificate),
             "--tls-key=" + Write("key.pem", mine.key),
             "--tls-client-ca=" + Write("ca.pem", authority.certificate())});
  EXPECT_EQ(result.exit_code, 0) << result.text;
  EXPECT_THAT(
      result.text,
      AllOf(HasSubstr("spiffe://example.org/vm/* may play as \"{*}\""),
            HasSubstr("token:node-1 may play as \"node-1-*\""),
            HasSubstr("jwt:alice may see and hear the streams of \"alice-*\""),
            HasSubstr("as an operator"), HasSubstr("32 of one principal"),
            HasSubstr("2 tokens of node-1, operator"), HasSubstr("key k")));
  EXPECT_THAT(result.text,
              AllOf(HasSubstr("for DNS:localhost, issued by CN = the "
                              "authority, valid from "),
                    HasSubstr("its key is " + folder_ + "/key.pem"),
                    HasSubstr("clients' certificates are to be from this CA"),
                    HasSubstr("  CN = the authority, valid from ")));
  EXPECT_THAT(result.text, Not(HasSubstr("warning:")));
}

TEST_F(CheckConfigTest, WarnsOfWhatIsHardlyMeant) {
  const Result result = Check({kPolicy});
  EXPECT_EQ(result.exit_code, 0) << result.text;
  EXPECT_THAT(result.text, AllOf(HasSubstr("warning: there are no credentials"),
                                 HasSubstr("can never be anybody")));
}

TEST_F(CheckConfigTest, AnExpiredCertificateIsWrong) {
  const TestAuthority authority("the authority");
  const TestCertificate mine =
      authority.Issue({{"DNS:localhost"}, -7200, -3600});
  const Result result = Check({"--tls-cert=" + Write("c", mine.certificate),
                               "--tls-key=" + Write("k", mine.key)});
  EXPECT_EQ(result.exit_code, 1) << result.text;
  EXPECT_THAT(result.text, AllOf(HasSubstr("\nerror: certificate "),
                                 HasSubstr("has expired, 1 hour ago")));
}

TEST_F(CheckConfigTest, NamesEveryFileThatIsWrong) {
  const Result result =
      Check({"--policy=" + Write("policy", "grant {\n  players: \"a\"\n}"),
             "--tokens=" + Write("tokens", "alice secret"),
             "--tls-cert=" + Write("cert", "none"),
             "--tls-key=" + Write("key", "none")});
  EXPECT_EQ(result.exit_code, 1) << result.text;
  EXPECT_THAT(result.text, AllOf(HasSubstr("policy: 2:"), HasSubstr("players"),
                                 HasSubstr("tokens: 1:7:"),
                                 HasSubstr("cert: holds no certificate")));
}

}  // namespace
}  // namespace earshot
