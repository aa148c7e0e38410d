#include "client/cli/play_verb.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "client/cli/defaults.h"
#include "client/cli/play_command.h"
#include "client/cli/play_flags.h"

namespace earshot {
namespace {

class PlayVerb : public Verb {
  void AddFlags(boost::program_options::options_description& options) override {
    flags_.AddTo(options, DefaultServer(), DefaultVm());
  }
  absl::Status Take(const std::vector<std::string>& words) override {
    return flags_.Take(words);
  }
  int Run() override {
    spdlog::set_default_logger(spdlog::stderr_color_mt("earshot"));
    if (flags_.verbose) spdlog::set_level(spdlog::level::info);
    return RunPlay(flags_);
  }

  PlayFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> MakePlayVerb() { return std::make_unique<PlayVerb>(); }

}  // namespace earshot
