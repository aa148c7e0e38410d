#include "client/cli/doctor/examination.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/doctor/probe_stream.h"
#include "client/cli/doctor/service_checks.h"
#include "client/cli/doctor/way.h"
#include "client/server_targets.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSound{3000};
// Ids of streams have 9 digits.
constexpr int kMaxId = 1'000'000'000;

// Reports, and notes whether it was bad.
class Bench {
 public:
  Bench(const std::string& server, const ConnectionFlags& connection,
        std::string vm, const Report& report)
      : server_(server),
        connection_(connection),
        vm_(std::move(vm)),
        report_([this, report](Finding finding) {
          bad_ |= finding.verdict == Verdict::kBad;
          report(std::move(finding));
        }) {}

  void Run() {
    if (!ExamineWay(server_, connection_.security(), report_)) return;
    CheckService();
  }

 private:
  void CheckService() {
    auto targets = ServerTargets::Create(server_, connection_.security());
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
    options.server = server_;
    options.security = connection_.security();
    options.stream = absl::StrCat("vms/", vm_, "/streams/", id);
    options.client = "earshot doctor/" EARSHOT_VERSION;
    const std::string shown = absl::StrCat("vms/", vm_, "/probes/", id);
    report_(JudgeProbe(RunProbe(std::move(options), kSound,
                                [&] { return LookAtStream(channel, shown); })));
  }

  const std::string server_;
  const ConnectionFlags& connection_;
  const std::string vm_;
  const Report report_;
  bool bad_ = false;
};

}  // namespace

void Examine(const std::string& server, const ConnectionFlags& connection,
             const std::string& vm, const Report& report) {
  Bench(server, connection, vm, report).Run();
}

}  // namespace earshot
