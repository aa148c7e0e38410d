#ifndef EARSHOT_SINKS_RECORDING_NAME_H_
#define EARSHOT_SINKS_RECORDING_NAME_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace earshot {

// How recordings of an epoch are called: "vm-1-0-20261123T093647Z-e3".
std::string RecordingStem(const std::string& vm, const std::string& stream,
                          std::chrono::system_clock::time_point time,
                          uint64_t epoch);

// Whether it may be the name of a recording that the server made, extension
// included.
bool IsRecordingName(const std::string& file_name);

// Such as "2026-11-23T09:36:47Z".
std::string UtcDate(std::chrono::system_clock::time_point time);

}  // namespace earshot

#endif  // EARSHOT_SINKS_RECORDING_NAME_H_
