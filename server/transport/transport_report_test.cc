#include "server/transport/transport_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/transport/self_signed.h"

namespace earshot {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::system_clock;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr hours kDay{24};

class TransportReportTest : public testing::Test {
 protected:
  TransportReport Report(system_clock::duration later,
                         const SelfSigned& own = MakeServers()) {
    const Certificates files{own.certificate, own.key, roots_, ""};
    return ReportTransport({"server.pem", "server.key",
                            roots_.empty() ? "" : "ca.pem", false, false},
                           &files, system_clock::now() + later);
  }

  static SelfSigned MakeServers() {
    return MakeSelfSigned({"server", "DNS:localhost,IP:127.0.0.1", 90 * kDay});
  }

  std::string roots_;
};

TEST_F(TransportReportTest, WithoutTlsItSaysSo) {
  const TransportReport report =
      ReportTransport({}, nullptr, system_clock::now());
  EXPECT_THAT(report.lines, ElementsAre(HasSubstr("not encrypted")));
}

TEST_F(TransportReportTest, SaysWhoseCertificateItIsAndHowLong) {
  const TransportReport report = Report(seconds(1));
  EXPECT_THAT(report.lines,
              Contains(AllOf(HasSubstr("server.pem of CN = server"),
                             HasSubstr("DNS:localhost"), HasSubstr("127.0.0.1"),
                             HasSubstr("issued by CN = server"),
                             HasSubstr("valid from "), HasSubstr("until "))));
  EXPECT_THAT(report.lines, Contains(HasSubstr("its key is server.key")));
  EXPECT_THAT(report.lines, Contains(HasSubstr("no --tls-client-ca")));
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_THAT(report.errors, IsEmpty());
}

TEST_F(TransportReportTest, WarnsTwoWeeksBeforeTheEnd) {
  EXPECT_THAT(Report(75 * kDay).warnings, IsEmpty());
  const TransportReport report = Report(77 * kDay);
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("expires in 12 days")));
  EXPECT_THAT(report.errors, IsEmpty());
}

TEST_F(TransportReportTest, AnExpiredCertificateIsAnError) {
  EXPECT_THAT(Report(93 * kDay).errors,
              ElementsAre(HasSubstr("has expired, 3 days ago")));
}

TEST_F(TransportReportTest, OneOfTomorrowIsAnError) {
  EXPECT_THAT(Report(-kDay).errors,
              ElementsAre(HasSubstr("is not valid before")));
}

TEST_F(TransportReportTest, OneWithoutNamesIsAnError) {
  const SelfSigned nameless = MakeSelfSigned({"server", "", 90 * kDay});
  EXPECT_THAT(Report(seconds(1), nameless).errors,
              ElementsAre(HasSubstr("no subject alternative name")));
}

TEST_F(TransportReportTest, OneForClientsIsAnError) {
  const SelfSigned client =
      MakeSelfSigned({"vm", "DNS:localhost", 90 * kDay, "clientAuth"});
  EXPECT_THAT(Report(seconds(1), client).errors,
              ElementsAre(HasSubstr("not for servers")));
}

TEST_F(TransportReportTest, WarnsOfAChainThatLeadsNowhere) {
  SelfSigned own = MakeServers();
  own.certificate += MakeSelfSigned({"another", "", 90 * kDay}).certificate;
  const TransportReport report = Report(seconds(1), own);
  EXPECT_THAT(report.lines, Contains(HasSubstr("then that of CN = another")));
  EXPECT_THAT(report.warnings,
              ElementsAre(HasSubstr("CN = another, which comes next, has not "
                                    "issued CN = server")));
}

TEST_F(TransportReportTest, CountsTheCasOfClients) {
  roots_ = MakeSelfSigned({"old", "", 10 * kDay}).certificate +
           MakeSelfSigned({"new", "", 90 * kDay}).certificate;
  const TransportReport report = Report(20 * kDay);
  EXPECT_THAT(report.lines, Contains(HasSubstr("one of these 2 CAs")));
  EXPECT_THAT(report.lines, Contains(HasSubstr("  CN = new, valid from")));
  EXPECT_THAT(report.warnings,
              ElementsAre(HasSubstr("CN = old has expired, 10 days ago")));
  EXPECT_THAT(report.errors, IsEmpty());
}

TEST_F(TransportReportTest, ClientCasThatAreAllOverAreAnError) {
  roots_ = MakeSelfSigned({"old", "", 10 * kDay}).certificate;
  EXPECT_THAT(Report(20 * kDay).errors,
              ElementsAre(HasSubstr("none is valid now")));
}

TEST_F(TransportReportTest, WarnsOfAClientCaThatIsNone) {
  roots_ =
      MakeSelfSigned({"leaf", "", 90 * kDay, "clientAuth", false}).certificate;
  EXPECT_THAT(Report(seconds(1)).warnings,
              ElementsAre(HasSubstr("CN = leaf is no CA")));
}

}  // namespace
}  // namespace earshot
