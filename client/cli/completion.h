#ifndef EARSHOT_CLIENT_CLI_COMPLETION_H_
#define EARSHOT_CLIENT_CLI_COMPLETION_H_

#include <memory>
#include <string>

#include "client/cli/verb.h"

namespace earshot {

// Prints what a shell needs to complete our command lines. `verbs` is the
// table that it is a row of.
std::unique_ptr<Verb> MakeCompletionVerb(VerbTable (*verbs)());

// For bash, to be sourced.
std::string BashCompletion(VerbTable verbs);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_COMPLETION_H_
