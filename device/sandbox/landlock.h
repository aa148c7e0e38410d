#ifndef EARSHOT_DEVICE_SANDBOX_LANDLOCK_H_
#define EARSHOT_DEVICE_SANDBOX_LANDLOCK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace earshot {

// What a process still reaches. A path stands for itself and all below it; one
// that does not exist is passed over.
struct LandlockRules {
  std::vector<std::string> read;    // files and folders to read
  std::vector<std::string> remove;  // folders to remove files from
  std::vector<uint16_t> tcp_ports;  // to connect to
  std::vector<uint16_t> own_ports;  // to bind to; 0 is any that is free
};

// What the kernel's version of Landlock can do.
struct LandlockScope {
  int abi = 0;
  bool tcp = false;  // ports, too
};

// Nothing but that, for good: no other file is read, none is written, made or
// executed; no other TCP port is bound; and where the kernel can (ABI 6), no
// process outside gets a signal. What is open stays open. UNIMPLEMENTED if the
// kernel has no Landlock, or whoever runs the container keeps it from us.
//
// It counts for the thread that calls, and for those that it starts.
// Needs no_new_privs.
absl::StatusOr<LandlockScope> EnterLandlock(const LandlockRules& rules);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SANDBOX_LANDLOCK_H_
