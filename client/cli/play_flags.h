#ifndef EARSHOT_CLIENT_CLI_PLAY_FLAGS_H_
#define EARSHOT_CLIENT_CLI_PLAY_FLAGS_H_

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/playback_flags.h"

namespace earshot {

// What the command line of `earshot play` says.
struct PlayFlags {
  // Adds its flags; this outlives `options`.
  void AddTo(boost::program_options::options_description& options,
             const std::string& default_server, const std::string& default_vm);
  // After parsing: checks them, and takes the words that are no flags.
  // INVALID_ARGUMENT says what is allowed, in one line.
  absl::Status Take(const std::vector<std::string>& words);

  std::string file;  // "-": standard input
  PlaybackFlags playback;
  int stream = 0;
  // Headerless S16LE, if raw_rate_hz is not 0.
  int raw_rate_hz = 0;
  int raw_channels = 0;
  bool verbose = false;
  std::string raw;  // as it stands on the command line
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_PLAY_FLAGS_H_
