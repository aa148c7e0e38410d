#include "client/cli/doctor/way.h"

#include <chrono>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/doctor/address_checks.h"
#include "client/cli/doctor/tls_check.h"
#include "client/cli/doctor/tls_probe.h"
#include "client/credentials.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectPatience{3000};
constexpr milliseconds kHandshakePatience{5000};

Finding CheckTls(const Place& place, const TlsMaterial& material) {
  const TlsProbe probe = ProbeTls(place, material, kHandshakePatience);
  std::optional<PlaintextProbe> plaintext;
  if (!AnswersTls(probe) && probe.end != TlsProbe::End::kOwnFiles) {
    plaintext = ProbePlaintext(place, kHandshakePatience);
  }
  return JudgeTls(probe, material,
                  plaintext.has_value() ? &*plaintext : nullptr,
                  std::time(nullptr));
}

Finding CheckPlaintext(const Place& place, const std::string& host) {
  const PlaintextProbe probe = ProbePlaintext(place, kHandshakePatience);
  const bool unclear = probe.answer == PlaintextProbe::Answer::kClosed ||
                       probe.answer == PlaintextProbe::Answer::kSilent;
  return JudgePlaintext(
      probe, unclear && AnswersTls(ProbeTls(place, {"", "", "", host},
                                            kHandshakePatience)));
}

}  // namespace

bool ExamineWay(const std::string& server, const SecurityOptions& security,
                const Report& report) {
  const ServerAddress address = ParseServerAddress(server);
  const auto credentials = Credentials::Create(security);
  if (!credentials.ok()) {
    report({"files", Verdict::kBad, std::string(credentials.status().message()),
            "check the file: it has to be there, to be readable, and PEM"});
    return false;
  }
  std::vector<Place> places = CheckName(address, report);
  if (places.empty()) return false;
  places = CheckConnect(places, kConnectPatience, report);
  if (places.empty()) return false;
  const std::string& name =
      security.server_name.empty() ? address.host : security.server_name;
  Finding finding = credentials->UsesTls(address.text)
                        ? CheckTls(places.front(),
                                   {security.ca_file, security.certificate_file,
                                    security.key_file, name})
                        : CheckPlaintext(places.front(), address.host);
  const bool good = finding.verdict != Verdict::kBad;
  report(std::move(finding));
  return good;
}

std::string FaultOfWay(const std::string& server,
                       const SecurityOptions& security) {
  std::string fault;
  ExamineWay(server, security, [&fault](const Finding& finding) {
    if (finding.verdict != Verdict::kBad || !fault.empty()) return;
    fault = absl::StrCat(finding.found, "; ", finding.advice);
  });
  const std::string prefix = absl::StrCat(server, ": ");
  return fault.empty() || absl::StartsWith(fault, prefix) ? fault
                                                          : prefix + fault;
}

}  // namespace earshot
