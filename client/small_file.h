#ifndef EARSHOT_CLIENT_SMALL_FILE_H_
#define EARSHOT_CLIENT_SMALL_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace earshot {

// The text of a file of keys, certificates or a token: a regular one, of at
// most 1 MiB. An error says in the system's words why not.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_SMALL_FILE_H_
