#include "flags/program_flags.h"

#include "flags/command_line.h"

namespace earshot {

namespace po = boost::program_options;

void ProgramFlags::AddTo(po::options_description& options) {
  // clang-format off
  options.add_options()
      ("log-level", po::value(&log_level)->value_name("LEVEL")
                        ->default_value("info"),
       "debug, info, warn, error or off")
      ("help", po::bool_switch(&help), "this text")
      ("version", po::bool_switch(&version), "the version");
  // clang-format on
}

absl::Status ProgramFlags::Check() const {
  return CheckWord("log-level", log_level,
                   {"debug", "info", "warn", "error", "off"});
}

}  // namespace earshot
