#ifndef EARSHOT_CLIENT_CLI_STREAMS_VERB_H_
#define EARSHOT_CLIENT_CLI_STREAMS_VERB_H_

#include <memory>

#include "client/cli/verb.h"

namespace earshot {

// Lists the streams, once or all the time.
std::unique_ptr<Verb> MakeStreamsVerb();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAMS_VERB_H_
