#ifndef EARSHOT_CLIENT_CLI_PLAY_COMMAND_H_
#define EARSHOT_CLIENT_CLI_PLAY_COMMAND_H_

#include "client/cli/play_flags.h"

namespace earshot {

// `earshot play`. Returns the exit code; says on standard error what went
// wrong, and on standard output, in one line, how it went.
int RunPlay(const PlayFlags& flags);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_PLAY_COMMAND_H_
