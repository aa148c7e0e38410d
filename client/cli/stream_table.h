#ifndef EARSHOT_CLIENT_CLI_STREAM_TABLE_H_
#define EARSHOT_CLIENT_CLI_STREAM_TABLE_H_

#include <string>
#include <vector>

#include "proto/earshot/v1/admin.pb.h"

namespace earshot {

// A table for a person, without line ends: the title, then a line for each
// stream, in `columns` columns at most (80 at least are needed). With room,
// there is more to see. 0 columns: nobody counts them, everything is shown.
std::vector<std::string> StreamTable(const std::vector<v1::Stream>& streams,
                                     int columns);

// One stream in a line for programs and logs: key=value.
std::string StreamLine(const v1::Stream& stream);

// "playing".
std::string StateWord(v1::StreamState state);
// The delay between the guest and the listener, as far as the server knows it.
double LatencyMs(const v1::Stream& stream);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_STREAM_TABLE_H_
