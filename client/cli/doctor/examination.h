#ifndef EARSHOT_CLIENT_CLI_DOCTOR_EXAMINATION_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_EXAMINATION_H_

#include <string>

#include "client/cli/doctor/finding.h"
#include "client/connection_flags.h"

namespace earshot {

// Looks at one server, from its name to a stream that nobody hears, as far as
// it goes: where one thing is bad, what needs it is not tried. Blocks for some
// seconds.
void Examine(const std::string& server, const ConnectionFlags& connection,
             const std::string& vm, const Report& report);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_EXAMINATION_H_
