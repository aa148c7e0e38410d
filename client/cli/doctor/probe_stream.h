#ifndef EARSHOT_CLIENT_CLI_DOCTOR_PROBE_STREAM_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_PROBE_STREAM_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/cli/doctor/finding.h"
#include "client/remote_player.h"
#include "proto/earshot/v1/admin.pb.h"

namespace earshot {

// How a stream went that was played for a while, only to try the way.
struct ProbeResult {
  absl::Status opened;  // or why it could not be opened
  bool drained = false;
  double seconds = 0;  // of sound
  PlayerStats stats;
  double lead_ms = 0;  // of the sound that was written last
  // The stream as the server saw it shortly before its end, if it told.
  std::optional<v1::Stream> seen;
};

// Plays a soft tone as `options` say (they are made a probe's), for so long.
// `look` asks the server for the stream, and may block. Blocks.
ProbeResult RunProbe(PlayerOptions options, std::chrono::milliseconds length,
                     const std::function<std::optional<v1::Stream>()>& look);

// What follows from it.
Finding JudgeProbe(const ProbeResult& result);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_PROBE_STREAM_H_
