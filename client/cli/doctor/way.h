#ifndef EARSHOT_CLIENT_CLI_DOCTOR_WAY_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_WAY_H_

#include <string>

#include "client/cli/doctor/finding.h"
#include "client/security_options.h"

namespace earshot {

// Looks at the way to one server: our files, its name, the connection, and TLS
// or plaintext, until one is bad. Whether all are good. Blocks for 13 s at
// most, of those that it finds silent.
bool ExamineWay(const std::string& server, const SecurityOptions& security,
                const Report& report);

// The same in a line for a person, where a call did not get there: the server,
// what is wrong, and what to do; empty if nothing is.
std::string FaultOfWay(const std::string& server,
                       const SecurityOptions& security);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_WAY_H_
