#include "client/cli/doctor/doctor_verb.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/defaults.h"
#include "client/cli/doctor/diagnosis.h"
#include "client/cli/doctor/examination.h"
#include "client/cli/terminal.h"
#include "client/connection_flags.h"
#include "client/playback_flags.h"
#include "flags/command_line.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

class DoctorVerb : public Verb {
  void AddFlags(po::options_description& options) override {
    connection_.AddTo(options, DefaultServer());
    // clang-format off
    options.add_options()
        ("vm", po::value(&vm_)->value_name("NAME")->default_value(DefaultVm()),
         "as which VM to play")
        ("json", po::bool_switch(&json_), "print JSON, for programs");
    // clang-format on
  }

  absl::Status Take(const std::vector<std::string>& words) override {
    if (absl::Status status = connection_.Check(); !status.ok()) return status;
    if (!IsName(vm_)) {
      return NotAllowed("vm", vm_, "must be 1 to 63 of A-Z a-z 0-9 . _ -");
    }
    return TakeNothing(words);
  }

  int Run() override {
    const bool colors =
        TerminalOf(STDOUT_FILENO).colors && TerminalOf(STDOUT_FILENO).there();
    Diagnosis diagnosis;
    const std::vector<std::string> servers =
        absl::StrSplit(connection_.server(), ',');
    for (const std::string& server : servers) {
      if (!json_) {
        std::printf("%s, as the VM %s\n", Printable(server).c_str(),
                    vm_.c_str());
      }
      Examine(server, connection_, vm_, [&](Finding finding) {
        SetFact(finding, "server", server);
        if (!json_) std::puts(FindingLine(finding, colors).c_str());
        std::fflush(stdout);
        diagnosis.Add(std::move(finding));
      });
    }
    if (json_) {
      std::puts(diagnosis.Json().c_str());
    } else {
      std::printf("\n%s", diagnosis.Conclusion().c_str());
    }
    return diagnosis.healthy() ? kExitOk : kExitFailure;
  }

  ConnectionFlags connection_;
  std::string vm_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeDoctorVerb() {
  return std::make_unique<DoctorVerb>();
}

}  // namespace earshot
