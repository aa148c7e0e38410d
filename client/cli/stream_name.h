#ifndef EARSHOT_CLIENT_CLI_STREAM_NAME_H_
#define EARSHOT_CLIENT_CLI_STREAM_NAME_H_

#include <string>

#include "absl/status/statusor.h"

namespace earshot {

// Names of streams as people type them: "demo" for vms/demo/streams/0, "demo/1"
// for vms/demo/streams/1, "demo/probes/7" for vms/demo/probes/7; a whole name
// is one as well. INVALID_ARGUMENT says what is allowed.
absl::StatusOr<std::string> FullStreamName(const std::string& typed);

// The shortest of those.
std::string ShortStreamName(const std::string& name);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAM_NAME_H_
