#ifndef EARSHOT_CLIENT_CLI_STREAM_VERBS_H_
#define EARSHOT_CLIENT_CLI_STREAM_VERBS_H_

#include <memory>

#include "client/cli/verb.h"

namespace earshot {

// The verbs that speak of one stream, and of the caller.
std::unique_ptr<Verb> MakeShowVerb();
std::unique_ptr<Verb> MakeCloseVerb();
std::unique_ptr<Verb> MakeVolumeVerb();
std::unique_ptr<Verb> MakeWhoamiVerb();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAM_VERBS_H_
