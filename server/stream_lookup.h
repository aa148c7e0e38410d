#ifndef EARSHOT_SERVER_STREAM_LOOKUP_H_
#define EARSHOT_SERVER_STREAM_LOOKUP_H_

#include <string>

#include "server/access/caller.h"
#include "server/refusal.h"

namespace earshot {

// Whether `name`, of a request's field of that name, is a stream's, and one
// that the caller may see.
Refusal CheckMaySeeStream(const Caller& caller, const std::string& name);
// There is none of that name.
Refusal NoStream(const std::string& name);

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_LOOKUP_H_
