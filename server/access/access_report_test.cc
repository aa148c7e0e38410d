#include "server/access/access_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "bazel/temporary_folder.h"
#include "server/access/test_issuer.h"

namespace earshot {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class AccessReportTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  void UsePolicy(const std::string& text) {
    options_.policy = Write("policy", text);
  }

  void UseToken(const std::string& subject) {
    options_.tokens =
        Write("tokens", subject + " sha256:" + std::string(64, 'a') + "\n");
  }

  AccessReport Report(bool certificates = false) {
    const auto access = AccessControl::Create(options_);
    EXPECT_TRUE(access.ok()) << access.status();
    return access.ok() ? ReportAccess(**access, options_, certificates)
                       : AccessReport();
  }

  TemporaryFolder folder_;
  AccessOptions options_;
};

TEST_F(AccessReportTest, WithoutFilesEverybodyMayDoEverything) {
  const AccessReport report = Report();
  EXPECT_THAT(report.lines, Contains(HasSubstr("may do everything")));
  EXPECT_THAT(report.lines, Contains(HasSubstr("64 of one principal")));
}

TEST_F(AccessReportTest, SaysWhoMayDoWhat) {
  UseToken("alice");
  UsePolicy(
      "grant { principal: \"spiffe://a/*\" player: \"{*}\" }\n"
      "grant { principal: \"token:alice\" listener: [\"a\", \"*\"] }\n"
      "grant { principal: \"dns:ops\" operator: true }\n"
      "quotas { max_streams: 5 max_connections: 0 }");
  const AccessReport report = Report(true);
  EXPECT_THAT(
      report.lines,
      ElementsAre(
          HasSubstr("is right"),
          "  spiffe://a/* may play as \"{*}\" (the text of the principal's *) "
          "(line 1)",
          "  token:alice may see and hear the streams of \"a\", any VM (line "
          "2)",
          "  dns:ops may see, hear and change everything, as an operator "
          "(line 3)",
          HasSubstr("none of these"),
          AllOf(HasSubstr("quotas: 5 streams"),
                HasSubstr("any number of connections")),
          HasSubstr("1 token of alice")));
  EXPECT_THAT(report.warnings, IsEmpty());
}

TEST_F(AccessReportTest, WarnsOfAPolicyWithoutCredentials) {
  UsePolicy("grant { principal: \"anonymous\" operator: true }");
  EXPECT_THAT(Report().warnings, Contains(HasSubstr("no credentials")));
}

TEST_F(AccessReportTest, WarnsOfWhomThereCanBeNone) {
  UseToken("alice");
  UsePolicy(
      "grant { principal: [\"token:bob\", \"token:al*\", \"jwt:carl\", "
      "\"dns:ops\", \"spiffe://a/b\"] operator: true }");
  EXPECT_THAT(Report().warnings,
              ElementsAre(HasSubstr("\"token:bob\" can never"),
                          HasSubstr("\"jwt:carl\" can never"),
                          HasSubstr("\"dns:ops\" can never"),
                          HasSubstr("\"spiffe://a/b\" can never")));
  EXPECT_THAT(Report(true).warnings, Each(Not(HasSubstr("dns:ops"))));
}

TEST_F(AccessReportTest, WarnsOfGrantsToEverybody) {
  UseToken("alice");
  UsePolicy("grant { principal: \"*\" operator: true }");
  EXPECT_THAT(Report().warnings, ElementsAre(HasSubstr("has no credentials")));
}

TEST_F(AccessReportTest, WarnsOfTokensWithoutRoleAndOfNoOperator) {
  UseToken("alice");
  UsePolicy("grant { principal: \"anonymous\" player: \"a\" }");
  EXPECT_THAT(Report().warnings,
              ElementsAre(HasSubstr("nobody is an operator"),
                          HasSubstr("no role to \"token:alice\"")));
}

TEST_F(AccessReportTest, TellsTheKeys) {
  const TestIssuer good("EC", "k1", 256);
  const TestIssuer other("EC", "k2", 384);
  options_.jwks =
      Write("jwks", "{\"keys\": [" + good.Key() + "," + other.Key() + "]}");
  options_.jwt_issuer = "https://issuer.test";
  options_.jwt_audience = "earshot";
  const AccessReport report = Report();
  EXPECT_THAT(report.lines, Contains("  key k1: ES256, 256 bits"));
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("not used: key 2")));
}

}  // namespace
}  // namespace earshot
