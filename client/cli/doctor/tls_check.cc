#include "client/cli/doctor/tls_check.h"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace earshot {
namespace {

using Answer = PlaintextProbe::Answer;
using End = TlsProbe::End;

constexpr int64_t kExpiresSoonS = int64_t{14} * 24 * 3600;

struct Words {
  std::string found;
  std::string advice;
};

constexpr char kCheckCa[] =
    "give the CA that has signed it with --tls-ca=FILE (or the right one, if "
    "that is given)";

std::string NamesOf(const Certificate& certificate) {
  return certificate.names.empty() ? "no name at all"
                                   : absl::StrJoin(certificate.names, ", ");
}

// One thing that is wrong with the server's certificate.
Words FaultWords(int fault, const Certificate& certificate,
                 const TlsMaterial& material, int64_t now_s) {
  switch (fault) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      if (certificate.not_after_s >= now_s) {
        return {"a certificate of the CA has expired",
                "the CA has to be renewed, and its certificate given to both "
                "ends"};
      }
      return {absl::StrCat("the server's certificate has expired, ",
                           LongTime(now_s - certificate.not_after_s), " ago, ",
                           UtcTime(certificate.not_after_s)),
              "give the server a new one; it takes it without a restart"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {absl::StrCat("the server's certificate is not valid before ",
                           UtcTime(certificate.not_before_s)),
              absl::StrCat("check the clock of this machine, which says ",
                           UtcTime(now_s), ", and when it was issued")};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {
          absl::StrCat("the server's certificate is for ", NamesOf(certificate),
                       ", not for \"", material.server_name, "\""),
          "use one of its names in --server, say it with "
          "--tls-server-name=NAME, or give the server a certificate for "
          "this one"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return {"the server's certificate is self-signed, and not trusted here",
              "if it is the right one, give it with --tls-ca=FILE"};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return {absl::StrCat("the server's certificate is from a CA that is not "
                           "known here: ",
                           certificate.issuer),
              kCheckCa};
    case X509_V_ERR_INVALID_PURPOSE:
      return {"the server's certificate is not for servers",
              "give the server one whose extended key usage has serverAuth"};
    default:
      return {absl::StrCat("the server's certificate: ",
                           X509_verify_cert_error_string(fault)),
              "give the server another certificate"};
  }
}

// Everything that is wrong with it; each thing is said once.
Words CertificateWords(const TlsProbe& probe, const TlsMaterial& material,
                       int64_t now_s) {
  std::vector<std::string> found;
  std::vector<std::string> advice;
  for (const int fault : probe.faults) {
    const Words words = FaultWords(fault, *probe.certificate, material, now_s);
    if (std::count(found.begin(), found.end(), words.found) > 0) continue;
    found.push_back(words.found);
    if (std::count(advice.begin(), advice.end(), words.advice) == 0) {
      advice.push_back(words.advice);
    }
  }
  return {absl::StrJoin(found, "; "), absl::StrJoin(advice, "; ")};
}

Words ClientCertificateWords(const TlsProbe& probe,
                             const TlsMaterial& material) {
  const std::string issuers =
      probe.wanted_issuers.empty()
          ? ""
          : absl::StrCat(" (from ", absl::StrJoin(probe.wanted_issuers, ", "),
                         ")");
  if (material.cert_file.empty()) {
    return {absl::StrCat("the server wants a certificate of the client",
                         issuers, ", and none was given"),
            "give one with --tls-cert=FILE and --tls-key=FILE"};
  }
  // Without an alert, the server just hung up.
  const std::string alert = probe.end == End::kAlert ? probe.detail : "";
  return {absl::StrCat("the server refuses the client's certificate, ",
                       material.cert_file, alert.empty() ? "" : ": ", alert),
          absl::StrCat("it has to be valid now, and from a CA of the server's "
                       "--tls-client-ca",
                       issuers, ": openssl x509 -noout -issuer -dates -in ",
                       material.cert_file)};
}

Words AlertWords(const TlsProbe& probe, const TlsMaterial& material) {
  if (probe.wants_certificate) return ClientCertificateWords(probe, material);
  if (absl::StrContains(probe.detail, "protocol version")) {
    return {"the server speaks no TLS of version 1.2 or newer",
            "the server's TLS has to be renewed"};
  }
  return {absl::StrCat("the server refuses the handshake: ", probe.detail),
          "the server's log may say more"};
}

// What the server speaks instead.
Words NotTlsWords(const PlaintextProbe* plaintext) {
  const Answer answer =
      plaintext != nullptr ? plaintext->answer : Answer::kSilent;
  if (answer == Answer::kHttp2) {
    return {"the server speaks plaintext, and TLS was asked for",
            "give the server a certificate (--tls-cert, --tls-key); or leave "
            "the --tls-... flags away, and say --insecure if it is not on this "
            "machine"};
  }
  if (answer == Answer::kHttp1) {
    return {
        "what answers there is a web server without HTTP/2, no Earshot "
        "server",
        "check the port in --server"};
  }
  return {"what answers there speaks no TLS, and is no Earshot server",
          "check the port in --server"};
}

Words EndWords(const TlsProbe& probe, const TlsMaterial& material,
               const PlaintextProbe* plaintext) {
  switch (probe.end) {
    case End::kOwnFiles:
      return {probe.detail, "check the file: it has to be PEM"};
    case End::kSilent:
      return {"the server does not answer the TLS handshake",
              "it hangs, or something between drops what is sent: try again, "
              "and look at the server's log"};
    case End::kAlert:
      return AlertWords(probe, material);
    case End::kClosed:
      if (probe.wants_certificate) {
        return ClientCertificateWords(probe, material);
      }
      if (plaintext != nullptr && plaintext->answer != Answer::kClosed &&
          plaintext->answer != Answer::kSilent) {
        return NotTlsWords(plaintext);
      }
      return {"the server hangs up during the TLS handshake",
              "the server's log may say why"};
    case End::kNotTls:
      return NotTlsWords(plaintext);
    case End::kBroken:
      return {absl::StrCat("TLS: ", probe.detail),
              "the server's log may say more"};
    case End::kHttp2:
      break;
  }
  return {};
}

void AddFacts(const TlsProbe& probe, Finding& finding) {
  SetFact(finding, "version", probe.version);
  SetFact(finding, "alpn", probe.alpn);
  if (!probe.certificate.has_value()) return;
  const Certificate& certificate = *probe.certificate;
  SetFact(finding, "subject", certificate.subject);
  SetFact(finding, "issuer", certificate.issuer);
  SetFact(finding, "not_before", UtcTime(certificate.not_before_s));
  SetFact(finding, "not_after", UtcTime(certificate.not_after_s));
  for (const std::string& name : certificate.names) {
    AddToFact(finding, "names", name);
  }
}

std::string GoodWords(const TlsProbe& probe, int64_t now_s) {
  std::string text = absl::StrCat(probe.version, ", ALPN ", probe.alpn);
  if (!probe.certificate.has_value()) return text;
  const Certificate& certificate = *probe.certificate;
  return absl::StrCat(
      text, ", certificate of ",
      certificate.subject.empty() ? "nobody" : certificate.subject, " for ",
      NamesOf(certificate), ", until ", UtcTime(certificate.not_after_s), " (",
      LongTime(certificate.not_after_s - now_s), ")",
      probe.wants_certificate ? ", takes client certificates" : "");
}

}  // namespace

bool AnswersTls(const TlsProbe& probe) {
  return probe.handshake || probe.certificate.has_value() ||
         probe.end == End::kAlert;
}

Finding JudgeTls(const TlsProbe& probe, const TlsMaterial& material,
                 const PlaintextProbe* plaintext, int64_t now_s) {
  Finding finding{"tls", Verdict::kBad, "", ""};
  AddFacts(probe, finding);
  const auto say = [&finding](const Words& words) {
    finding.found = words.found;
    finding.advice = words.advice;
    return finding;
  };
  // What is wrong with the server's certificate comes first: a client that
  // finds it so hangs up itself.
  if (probe.certificate.has_value() && !probe.faults.empty()) {
    return say(CertificateWords(probe, material, now_s));
  }
  if (probe.end != End::kHttp2) {
    return say(EndWords(probe, material, plaintext));
  }
  if (probe.alpn != "h2") {
    return say(
        {"the server does not agree to speak HTTP/2 (ALPN), so gRPC "
         "gives up",
         "what ends TLS before the server (a proxy?) has to offer h2"});
  }
  finding.verdict = Verdict::kGood;
  finding.found = GoodWords(probe, now_s);
  if (probe.certificate.has_value() &&
      probe.certificate->not_after_s - now_s < kExpiresSoonS) {
    finding.verdict = Verdict::kWarning;
    finding.advice =
        "renew the server's certificate soon; the server takes it without a "
        "restart";
  }
  return finding;
}

Finding JudgePlaintext(const PlaintextProbe& probe, bool tls_answers) {
  Finding finding{"plaintext", Verdict::kBad, "", ""};
  if (probe.answer == Answer::kHttp2) {
    finding.verdict = Verdict::kGood;
    finding.found = "HTTP/2 without TLS";
  } else if (tls_answers || probe.answer == Answer::kTls) {
    finding.found = "the server speaks TLS, and it was called without";
    finding.advice =
        "give its CA with --tls-ca=FILE (and do not say --insecure)";
  } else if (probe.answer == Answer::kHttp1) {
    finding.found =
        "what answers there is a web server without HTTP/2, no Earshot server";
    finding.advice = "check the port in --server";
  } else if (probe.answer == Answer::kOther) {
    finding.found =
        absl::StrCat("what answers there is no gRPC server: \"",
                     absl::StripTrailingAsciiWhitespace(probe.said), "\"");
    finding.advice = "check the port in --server";
  } else if (probe.answer == Answer::kClosed) {
    finding.found = "what takes the connection hangs up at once";
    finding.advice =
        "check the port in --server; the server's log may say why, such as "
        "too many connections";
  } else {
    finding.found = "what takes the connection says nothing: no gRPC server";
    finding.advice = "check the port in --server, and whether the server hangs";
  }
  return finding;
}

}  // namespace earshot
