#include "client/cli/doctor/examination.h"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/doctor/address_checks.h"
#include "client/cli/doctor/probe_stream.h"
#include "client/cli/doctor/service_checks.h"
#include "client/cli/doctor/tls_check.h"
#include "client/cli/doctor/tls_probe.h"
#include "client/credentials.h"
#include "client/server_targets.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectPatience{3000};
constexpr milliseconds kHandshakePatience{5000};
constexpr milliseconds kSound{3000};
// Ids of streams have 9 digits.
constexpr int kMaxId = 1'000'000'000;

// Reports, and notes whether it was bad.
class Bench {
 public:
  Bench(const std::string& server, const ConnectionFlags& connection,
        std::string vm, const Report& report)
      : address_(ParseServerAddress(server)),
        connection_(connection),
        vm_(std::move(vm)),
        report_([this, report](Finding finding) {
          bad_ |= finding.verdict == Verdict::kBad;
          report(std::move(finding));
        }) {}

  void Run() {
    CheckFiles();
    if (bad_) return;
    std::vector<Place> places = CheckName(address_, report_);
    if (bad_) return;
    places = CheckConnect(places, kConnectPatience, report_);
    if (bad_) return;
    CheckTransport(places.front());
    if (bad_) return;
    CheckService();
  }

 private:
  // Says nothing if they are good.
  void CheckFiles() {
    auto credentials = Credentials::Create(connection_.security());
    if (credentials.ok()) {
      uses_tls_ = credentials->UsesTls(address_.text);
    } else {
      report_({"files", Verdict::kBad,
               std::string(credentials.status().message()),
               "check the file: it has to be there, to be readable, and PEM"});
    }
  }

  void CheckTransport(const Place& place) {
    if (!uses_tls_) {
      CheckPlaintext(place);
      return;
    }
    const SecurityOptions& security = connection_.security();
    CheckTls(
        place,
        {security.ca_file, security.certificate_file, security.key_file,
         security.server_name.empty() ? address_.host : security.server_name});
  }

  void CheckTls(const Place& place, const TlsMaterial& material) {
    const TlsProbe probe = ProbeTls(place, material, kHandshakePatience);
    std::optional<PlaintextProbe> plaintext;
    if (!AnswersTls(probe) && probe.end != TlsProbe::End::kOwnFiles) {
      plaintext = ProbePlaintext(place, kHandshakePatience);
    }
    report_(JudgeTls(probe, material,
                     plaintext.has_value() ? &*plaintext : nullptr,
                     std::time(nullptr)));
  }

  void CheckPlaintext(const Place& place) {
    const PlaintextProbe probe = ProbePlaintext(place, kHandshakePatience);
    const bool unclear = probe.answer == PlaintextProbe::Answer::kClosed ||
                         probe.answer == PlaintextProbe::Answer::kSilent;
    report_(JudgePlaintext(
        probe,
        unclear && AnswersTls(ProbeTls(place, {"", "", "", address_.host},
                                       kHandshakePatience))));
  }

  void CheckService() {
    auto targets = ServerTargets::Create(address_.text, connection_.security());
    if (!targets.ok()) {
      report_({"grpc", Verdict::kBad, std::string(targets.status().message()),
               "check --server"});
      return;
    }
    const auto channel = targets->channel();
    const auto identity = CheckGrpc(channel, report_);
    if (!identity.has_value()) return;
    CheckIdentity(*identity, vm_, report_);
    const bool ready = CheckHealth(channel, report_);
    CheckRoundTrip(channel, report_);
    // What is bad by now is what would hinder it.
    if (!bad_ && ready) CheckSound(channel);
  }

  void CheckSound(const std::shared_ptr<grpc::Channel>& channel) {
    const std::string id = std::to_string(getpid() % kMaxId);
    PlayerOptions options;
    options.server = address_.text;
    options.security = connection_.security();
    options.stream = absl::StrCat("vms/", vm_, "/streams/", id);
    options.client = "earshot doctor/" EARSHOT_VERSION;
    const std::string shown = absl::StrCat("vms/", vm_, "/probes/", id);
    report_(JudgeProbe(RunProbe(std::move(options), kSound,
                                [&] { return LookAtStream(channel, shown); })));
  }

  const ServerAddress address_;
  const ConnectionFlags& connection_;
  const std::string vm_;
  const Report report_;
  bool uses_tls_ = false;
  bool bad_ = false;
};

}  // namespace

void Examine(const std::string& server, const ConnectionFlags& connection,
             const std::string& vm, const Report& report) {
  Bench(server, connection, vm, report).Run();
}

}  // namespace earshot
