#ifndef EARSHOT_CLIENT_CLI_PLAY_FLAGS_H_
#define EARSHOT_CLIENT_CLI_PLAY_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/playback_flags.h"

namespace earshot {

// What the command line of `earshot play` says.
struct PlayFlags {
  std::string file;  // "-": standard input
  PlaybackFlags playback;
  int stream = 0;
  // Headerless S16LE, if raw_rate_hz is not 0.
  int raw_rate_hz = 0;
  int raw_channels = 0;
  bool verbose = false;
  bool help = false;
};

// What is taken where the command line says nothing.
struct PlayDefaults {
  std::string server;
  std::string vm;
};

// `arguments` follow the verb. INVALID_ARGUMENT says what is allowed, in one
// line.
absl::StatusOr<PlayFlags> ParsePlayFlags(
    const std::vector<std::string>& arguments, const PlayDefaults& defaults);

// What `earshot help play` prints.
std::string PlayUsage(const PlayDefaults& defaults);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_PLAY_FLAGS_H_
