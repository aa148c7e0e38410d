#ifndef EARSHOT_SERVER_RESUME_TOKEN_H_
#define EARSHOT_SERVER_RESUME_TOKEN_H_

#include <string>

#include "absl/strings/string_view.h"

namespace earshot {

// What a client shows to go on with its stream: random, of 16 bytes.
std::string NewResumeToken();

// In a time that does not tell where the two differ, so that nobody guesses a
// token byte by byte.
bool SameToken(absl::string_view one, absl::string_view other);

}  // namespace earshot

#endif  // EARSHOT_SERVER_RESUME_TOKEN_H_
