#ifndef EARSHOT_SERVER_SERVER_FLAGS_H_
#define EARSHOT_SERVER_SERVER_FLAGS_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flags/program_flags.h"
#include "server/access/access_options.h"
#include "server/recording/record_options.h"
#include "server/target_margin.h"
#include "server/transport/transport_options.h"
#include "server/web/web_options.h"

namespace earshot {

// What the command line says, checked, except for what only a try can tell.
struct ServerFlags {
  // Check the files and explain them, instead of serving.
  bool check_config = false;
  AccessOptions access;
  TransportOptions transport;
  std::string listen;
  std::string metrics;  // HOST:PORT; empty for none
  std::string sink;
  RecordOptions record;
  WebOptions web;
  MarginLimits margin;
  std::chrono::milliseconds resume_timeout{0};
  std::chrono::milliseconds drain_timeout{0};
  bool log_json = false;
  ProgramFlags program;
};

// Parses the arguments behind the program's name. An error is one line that
// says what is allowed.
absl::StatusOr<ServerFlags> ParseServerFlags(
    const std::vector<std::string>& arguments);

// The text of --help.
std::string ServerHelp();

}  // namespace earshot

#endif  // EARSHOT_SERVER_SERVER_FLAGS_H_
