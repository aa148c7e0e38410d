#ifndef EARSHOT_FLAGS_PROGRAM_FLAGS_H_
#define EARSHOT_FLAGS_PROGRAM_FLAGS_H_

#include <boost/program_options.hpp>
#include <string>

#include "absl/status/status.h"

namespace earshot {

// The flags of every program that runs on its own: how much it logs, and what
// is asked of the program itself.
struct ProgramFlags {
  // Adds them; this outlives `options`.
  void AddTo(boost::program_options::options_description& options);
  // After parsing. INVALID_ARGUMENT says what is allowed.
  absl::Status Check() const;

  std::string log_level;  // by spdlog's names
  bool help = false;
  bool version = false;
};

}  // namespace earshot

#endif  // EARSHOT_FLAGS_PROGRAM_FLAGS_H_
