// earshot: the command line of the playback service.
#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/verb.h"
#include "client/cli/verbs.h"

namespace earshot {
namespace {

int UsageError(const std::string& what) {
  const std::string names =
      absl::StrJoin(Verbs(), ", ", [](std::string* out, const VerbInfo& verb) {
        absl::StrAppend(out, verb.name);
      });
  Complain(absl::StrCat(what, ": allowed are ", names, ", help, --version"));
  return kExitUsage;
}

int Help(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    std::fputs(UsageOfAll().c_str(), stdout);
    return kExitOk;
  }
  const VerbInfo* const verb = FindVerb(Verbs(), words[1]);
  if (verb == nullptr) {
    return UsageError(absl::StrCat("no help for \"", words[1], "\""));
  }
  std::fputs(UsageOf(*verb).c_str(), stdout);
  return kExitOk;
}

int Run(const std::vector<std::string>& words) {
  if (words.empty()) return UsageError("a verb is needed");
  const std::string& name = words[0];
  if (name == "help" || name == "--help" || name == "-h") return Help(words);
  if (name == "--version") {
    std::puts("earshot " EARSHOT_VERSION);
    return kExitOk;
  }
  const VerbInfo* const verb = FindVerb(Verbs(), name);
  if (verb == nullptr) {
    return UsageError(absl::StrCat("unknown verb \"", name, "\""));
  }
  // What a person needs to know is said without a log; what gRPC says is for
  // those who ask for it.
  spdlog::set_level(spdlog::level::off);
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args* args) {
      spdlog::debug("grpc said detail=\"{}\"", args->message);
    });
  }
  return RunVerb(*verb, {words.begin() + 1, words.end()});
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  return earshot::Run(std::vector<std::string>(argv + 1, argv + argc));
}
