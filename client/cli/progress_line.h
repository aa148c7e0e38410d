#ifndef EARSHOT_CLIENT_CLI_PROGRESS_LINE_H_
#define EARSHOT_CLIENT_CLI_PROGRESS_LINE_H_

#include <cstdint>
#include <string>

#include "client/remote_player.h"

namespace earshot {

// One line for a person, without a line end: how much has been played of
// `total_frames` (0: unknown), how late it is heard, what goes on.
std::string ProgressLine(const PlayerStats& stats, int64_t total_frames,
                         int64_t delay_frames);

// One line that says how it went: `source` at `server`.
std::string SummaryLine(const PlayerStats& stats, const std::string& source,
                        const std::string& server, int64_t delay_frames);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_PROGRESS_LINE_H_
