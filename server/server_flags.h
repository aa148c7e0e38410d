#ifndef EARSHOT_SERVER_SERVER_FLAGS_H_
#define EARSHOT_SERVER_SERVER_FLAGS_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/access/access_options.h"
#include "server/target_margin.h"
#include "server/transport/transport_options.h"
#include "spdlog/common.h"

namespace earshot {

// What the command line says, checked, except for what only a try can tell.
struct ServerFlags {
  bool help = false;
  bool version = false;
  // Check the files and explain them, instead of serving.
  bool check_config = false;
  AccessOptions access;
  TransportOptions transport;
  std::string listen;
  std::string metrics;  // HOST:PORT; empty for none
  std::string sink;
  MarginLimits margin;
  std::chrono::milliseconds resume_timeout{0};
  std::chrono::milliseconds drain_timeout{0};
  spdlog::level::level_enum log_level = spdlog::level::info;
  bool log_json = false;
};

// Parses the arguments behind the program's name. An error is one line that
// says what is allowed.
absl::StatusOr<ServerFlags> ParseServerFlags(
    const std::vector<std::string>& arguments);

// The text of --help.
std::string ServerHelp();

}  // namespace earshot

#endif  // EARSHOT_SERVER_SERVER_FLAGS_H_
