#ifndef EARSHOT_CLIENT_CLI_DOCTOR_DOCTOR_VERB_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_DOCTOR_VERB_H_

#include <memory>

#include "client/cli/verb.h"

namespace earshot {

// Looks for what is wrong on the way to the service.
std::unique_ptr<Verb> MakeDoctorVerb();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_DOCTOR_VERB_H_
