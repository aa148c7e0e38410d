#ifndef EARSHOT_DEVICE_DEVICE_FLAGS_H_
#define EARSHOT_DEVICE_DEVICE_FLAGS_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/playback_flags.h"
#include "device/pcm_offer_flags.h"
#include "flags/program_flags.h"

namespace earshot {

// What the command line of earshot-device says.
struct DeviceFlags {
  // Where the VMM connects: one of them, or neither, if socket activation has
  // passed one.
  std::string socket;
  std::optional<int> socket_fd;
  PlaybackFlags playback;
  PcmOfferFlags offer;
  std::map<std::string, std::string> labels;
  int streams = 1;
  bool jacks = true;
  bool drop_on_release = false;
  bool controls = false;
  bool sandbox = true;
  std::string metrics;  // HOST:PORT; empty for none
  std::string health;   // HOST:PORT or unix:PATH; empty for none
  std::string user;     // to run as, NAME[:GROUP]; empty: as who starts it
  ProgramFlags program;
};

// INVALID_ARGUMENT names the flag and says what is allowed, in one line.
absl::StatusOr<DeviceFlags> ParseDeviceFlags(int argc, const char* const* argv);

// What --help prints.
std::string DeviceUsage();

}  // namespace earshot

#endif  // EARSHOT_DEVICE_DEVICE_FLAGS_H_
