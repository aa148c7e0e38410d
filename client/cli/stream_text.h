#ifndef EARSHOT_CLIENT_CLI_STREAM_TEXT_H_
#define EARSHOT_CLIENT_CLI_STREAM_TEXT_H_

#include <cstdint>
#include <string>

#include "proto/earshot/v1/admin.pb.h"

namespace earshot {

// Everything that is known of a stream, in words and in groups, for a person.
// `now_s`: seconds since 1970.
std::string StreamText(const v1::Stream& stream, int64_t now_s);

// "-20 dB", "muted, 0 dB".
std::string VolumeText(const v1::Volume& volume);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAM_TEXT_H_
