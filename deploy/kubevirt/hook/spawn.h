#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_SPAWN_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_SPAWN_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace earshot {

// Where a child finds the descriptor that it was given.
inline constexpr int kGivenFd = 3;

// Starts a program with its arguments, standard input, output and error as we
// have them, `fd` as kGivenFd, and no other descriptor. It is sent SIGTERM when
// the thread that calls this ends. A program that cannot be run ends with 127.
absl::StatusOr<pid_t> Spawn(const std::string& program,
                            const std::vector<std::string>& arguments, int fd);

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_SPAWN_H_
