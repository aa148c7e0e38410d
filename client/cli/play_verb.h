#ifndef EARSHOT_CLIENT_CLI_PLAY_VERB_H_
#define EARSHOT_CLIENT_CLI_PLAY_VERB_H_

#include <memory>

#include "client/cli/verb.h"

namespace earshot {

// Plays a file.
std::unique_ptr<Verb> MakePlayVerb();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_PLAY_VERB_H_
