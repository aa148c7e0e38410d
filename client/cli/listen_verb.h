#ifndef EARSHOT_CLIENT_CLI_LISTEN_VERB_H_
#define EARSHOT_CLIENT_CLI_LISTEN_VERB_H_

#include <memory>

#include "client/cli/verb.h"

namespace earshot {

// Hears a stream.
std::unique_ptr<Verb> MakeListenVerb();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_VERB_H_
