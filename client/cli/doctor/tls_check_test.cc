#include "client/cli/doctor/tls_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

namespace earshot {
namespace {

using ::testing::HasSubstr;
using Answer = PlaintextProbe::Answer;
using End = TlsProbe::End;

constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kNow = 20000 * kDay;

TlsProbe Good() {
  TlsProbe probe;
  probe.end = End::kHttp2;
  probe.handshake = true;
  probe.version = "TLSv1.3";
  probe.alpn = "h2";
  probe.certificate = Certificate{"CN = s",
                                  "CN = Some CA",
                                  {"DNS:a.example.org"},
                                  kNow - kDay,
                                  kNow + 90 * kDay};
  return probe;
}

const TlsMaterial kMaterial = {"ca.pem", "", "", "a.example.org"};
const TlsMaterial kWithCertificate = {"ca.pem", "me.pem", "me.key",
                                      "a.example.org"};

Finding Judge(const TlsProbe& probe, const TlsMaterial& material = kMaterial) {
  return JudgeTls(probe, material, nullptr, kNow);
}

TEST(TlsCheckTest, WhatIsRightIsShownWithNamesAndExpiry) {
  const Finding finding = Judge(Good());
  EXPECT_EQ(finding.verdict, Verdict::kGood);
  for (const char* words :
       {"TLSv1.3", "ALPN h2", "CN = s", "DNS:a.example.org", "90 days"}) {
    EXPECT_THAT(finding.found, HasSubstr(words));
  }
  EXPECT_EQ(finding.advice, "");
}

TEST(TlsCheckTest, BelowFourteenDaysItWarns) {
  TlsProbe probe = Good();
  probe.certificate->not_after_s = kNow + 14 * kDay;
  EXPECT_EQ(Judge(probe).verdict, Verdict::kGood);
  probe.certificate->not_after_s = kNow + 14 * kDay - 1;
  const Finding finding = Judge(probe);
  EXPECT_EQ(finding.verdict, Verdict::kWarning);
  EXPECT_THAT(finding.found, HasSubstr("13 days"));
  EXPECT_THAT(finding.advice, HasSubstr("renew"));
}

TEST(TlsCheckTest, EveryFaultOfACertificateHasItsWords) {
  const std::vector<std::pair<int, const char*>> cases = {
      {X509_V_ERR_CERT_NOT_YET_VALID, "is not valid before"},
      {X509_V_ERR_HOSTNAME_MISMATCH,
       "is for DNS:a.example.org, not for \"a.example.org\""},
      {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed"},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "CN = Some CA"},
      {X509_V_ERR_INVALID_PURPOSE, "not for servers"},
      {X509_V_ERR_CERT_REVOKED, "revoked"},
  };
  for (const auto& [fault, words] : cases) {
    TlsProbe probe = Good();
    probe.faults = {fault, fault};
    const Finding finding = Judge(probe);
    EXPECT_EQ(finding.verdict, Verdict::kBad);
    EXPECT_THAT(finding.found, HasSubstr(words));
    EXPECT_NE(finding.advice, "");
    EXPECT_EQ(finding.found.find(';'), std::string::npos) << "said once";
  }
}

TEST(TlsCheckTest, AnExpiredOneSaysSinceWhen) {
  TlsProbe probe = Good();
  probe.certificate->not_after_s = kNow - 3 * kDay;
  probe.faults = {X509_V_ERR_CERT_HAS_EXPIRED};
  EXPECT_THAT(Judge(probe).found, HasSubstr("has expired, 3 days ago"));
}

TEST(TlsCheckTest, AMissingClientCertificateIsNotARefusedOne) {
  TlsProbe probe = Good();
  probe.end = End::kClosed;
  probe.wants_certificate = true;
  EXPECT_THAT(Judge(probe).found, HasSubstr("none was given"));
  EXPECT_THAT(Judge(probe, kWithCertificate).found,
              HasSubstr("refuses the client's certificate, me.pem"));
  probe.end = End::kAlert;
  probe.detail = "tlsv1 alert unknown ca";
  EXPECT_THAT(Judge(probe, kWithCertificate).found, HasSubstr("unknown ca"));
}

TEST(TlsCheckTest, WhatSpeaksNoTlsIsNamed) {
  TlsProbe probe;
  probe.end = End::kNotTls;
  const std::vector<std::pair<Answer, const char*>> cases = {
      {Answer::kHttp2, "speaks plaintext"},
      {Answer::kHttp1, "web server"},
      {Answer::kOther, "no TLS"},
  };
  for (const auto& [answer, words] : cases) {
    const PlaintextProbe plaintext{answer, ""};
    EXPECT_THAT(JudgeTls(probe, kMaterial, &plaintext, kNow).found,
                HasSubstr(words));
  }
}

TEST(TlsCheckTest, AProxyWithoutAlpnIsFound) {
  TlsProbe probe = Good();
  probe.alpn = "";
  EXPECT_THAT(Judge(probe).found, HasSubstr("ALPN"));
}

TEST(PlaintextCheckTest, EveryAnswerHasItsWords) {
  EXPECT_EQ(JudgePlaintext({Answer::kHttp2, ""}, false).verdict,
            Verdict::kGood);
  const std::vector<std::pair<PlaintextProbe, const char*>> cases = {
      {{Answer::kHttp1, "HTTP/1.1 400"}, "web server"},
      {{Answer::kTls, ""}, "speaks TLS"},
      {{Answer::kClosed, ""}, "hangs up"},
      {{Answer::kSilent, ""}, "says nothing"},
      {{Answer::kOther, "SSH-2.0"}, "SSH-2.0"},
  };
  for (const auto& [probe, words] : cases) {
    const Finding finding = JudgePlaintext(probe, false);
    EXPECT_EQ(finding.verdict, Verdict::kBad);
    EXPECT_THAT(finding.found, HasSubstr(words));
  }
  EXPECT_THAT(JudgePlaintext({Answer::kClosed, ""}, true).found,
              HasSubstr("speaks TLS"));
}

}  // namespace
}  // namespace earshot
