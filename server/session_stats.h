#ifndef EARSHOT_SERVER_SESSION_STATS_H_
#define EARSHOT_SERVER_SESSION_STATS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "server/epoch.h"
#include "server/margin_history.h"
#include "server/peak_meter.h"
#include "server/play_volume.h"
#include "server/session_state.h"
#include "server/skip_counts.h"
#include "server/stream_types.h"
#include "server/underrun_watch.h"

namespace earshot {

// The accounting of one epoch: the one that plays, or the last one.
struct EpochStats {
  EpochParams params;
  int64_t produced_frames = 0;
  int64_t played_frames = 0;
  int64_t skipped_frames = 0;
  int64_t queued_frames = 0;
  int64_t granted_frame = 0;
  int64_t silence_frames = 0;
  UnderrunCounts underruns;
  int64_t packets = 0;
  int64_t payload_bytes = 0;
  double margin_ms = 0;
};

// Over all epochs of a stream.
struct StreamTotals {
  int64_t epochs = 0;
  int64_t played_frames = 0;
  int64_t skipped_frames = 0;
  UnderrunCounts underruns;
  SkipCounts skip_reasons;
  int64_t resumes = 0;
  int64_t packets = 0;
  int64_t payload_bytes = 0;

  // What was counted in the epoch, which began earlier.
  void Add(const Epoch& epoch);
  StreamTotals& operator+=(const StreamTotals& other);
};

// How a session stands.
struct SessionStats {
  SessionState state = SessionState::kIdle;
  std::string state_reason;
  std::string sink;
  std::string recording;  // a file
  EpochStats epoch;
  double target_margin_ms = 0;
  std::string target_margin_reason;
  double sink_latency_ms = 0;
  // What the client said last of its clock, and of the way to it.
  double clock_ppm = 0;
  double round_trip_ms = 0;
  // How long sound stays in the client.
  double client_delay_ms = 0;
  std::optional<MarginQuantiles> margin_quantiles;
  VolumeSetting volume;
  double peak_dbfs = PeakMeter::kSilenceDb;
  size_t listeners = 0;
  StreamTotals total;
};

EpochStats StatsOf(const Epoch& epoch, MonotonicTime now);
SessionState StateOf(const Epoch& epoch);

inline double Milliseconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace earshot

#endif  // EARSHOT_SERVER_SESSION_STATS_H_
