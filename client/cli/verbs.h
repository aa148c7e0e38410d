#ifndef EARSHOT_CLIENT_CLI_VERBS_H_
#define EARSHOT_CLIENT_CLI_VERBS_H_

#include "client/cli/verb.h"

namespace earshot {

// Every verb, in the order in which help lists them.
VerbTable Verbs();

// What `earshot help` prints.
std::string UsageOfAll();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_VERBS_H_
