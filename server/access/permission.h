#ifndef EARSHOT_SERVER_ACCESS_PERMISSION_H_
#define EARSHOT_SERVER_ACCESS_PERMISSION_H_

#include <string>

#include "server/access/caller.h"
#include "server/refusal.h"

namespace earshot {

// Whether a caller may do something; `field` of the request names on what. A
// refusal names the principal and the role that is missing: NO_CREDENTIALS if
// he showed none, else NOT_ALLOWED.
Refusal CheckMayPlay(const Caller& caller, const std::string& vm,
                     const char* field);
Refusal CheckMaySee(const Caller& caller, const std::string& vm,
                    const char* field);
// Streams at all, of whatever VM.
Refusal CheckMaySeeAny(const Caller& caller);
// The volume.
Refusal CheckMaySet(const Caller& caller, const std::string& vm,
                    const char* field);
// `what` he wants, such as "close streams".
Refusal CheckIsOperator(const Caller& caller, const char* what,
                        const char* field);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_PERMISSION_H_
