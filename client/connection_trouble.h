#ifndef EARSHOT_CLIENT_CONNECTION_TROUBLE_H_
#define EARSHOT_CLIENT_CONNECTION_TROUBLE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace earshot {

// The server knows us not, or knows us and will not have us: to ask again soon
// is no use.
bool IsRefusal(const absl::Status& reason);

// What a person has to look at where a call could not be opened, in words, and
// alike for each attempt; empty where it is enough to wait.
std::string TroubleOf(const absl::Status& reason, absl::string_view server);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CONNECTION_TROUBLE_H_
