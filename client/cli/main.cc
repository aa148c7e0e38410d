// earshot: the command line of the playback service.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "client/cli/play_command.h"
#include "client/cli/play_flags.h"

namespace earshot {
namespace {

constexpr int kExitUsage = 2;
constexpr char kVerbs[] = "allowed are play, help, --help, --version";

constexpr char kUsage[] =
    "earshot VERB …\n"
    "Sound of virtual machines, from a command line.\n\n"
    "  play FILE.wav|-   plays a file at the playback service, as a VM would\n"
    "  help [VERB]       this text, or a verb's flags\n\n"
    "  --help            this text\n"
    "  --version         the version\n";

PlayDefaults Defaults() {
  PlayDefaults defaults;
  const char* server = std::getenv("EARSHOT_SERVER");
  defaults.server =
      server != nullptr && *server != '\0' ? server : "localhost:50051";
  std::array<char, 64> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') {
    name = {'v', 'm'};
  }
  defaults.vm = name.data();
  return defaults;
}

int UsageError(const std::string& what) {
  std::fprintf(stderr, "earshot: %s\n", what.c_str());
  return kExitUsage;
}

int Play(const std::vector<std::string>& arguments) {
  const PlayDefaults defaults = Defaults();
  const auto flags = ParsePlayFlags(arguments, defaults);
  if (!flags.ok()) return UsageError(std::string(flags.status().message()));
  if (flags->help) {
    std::fputs(PlayUsage(defaults).c_str(), stdout);
    return EXIT_SUCCESS;
  }
  spdlog::set_default_logger(spdlog::stderr_color_mt("earshot"));
  // What a person needs to know is said without a log.
  spdlog::set_level(flags->verbose ? spdlog::level::info : spdlog::level::off);
  return RunPlay(*flags);
}

int Run(const std::vector<std::string>& words) {
  if (words.empty())
    return UsageError(std::string("a verb is needed: ") + kVerbs);
  const std::string& verb = words[0];
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (verb == "play") return Play(rest);
  if (verb == "--version") {
    std::puts("earshot " EARSHOT_VERSION);
    return EXIT_SUCCESS;
  }
  if (verb == "help" && !rest.empty()) {
    if (rest[0] != "play") {
      return UsageError("no help for \"" + rest[0] + "\": allowed is play");
    }
    std::fputs(PlayUsage(Defaults()).c_str(), stdout);
    return EXIT_SUCCESS;
  }
  if (verb == "help" || verb == "--help" || verb == "-h") {
    std::fputs(kUsage, stdout);
    return EXIT_SUCCESS;
  }
  return UsageError("unknown verb \"" + verb + "\": " + kVerbs);
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  return earshot::Run(std::vector<std::string>(argv + 1, argv + argc));
}
