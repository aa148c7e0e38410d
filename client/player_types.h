#ifndef EARSHOT_CLIENT_PLAYER_TYPES_H_
#define EARSHOT_CLIENT_PLAYER_TYPES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "client/channel_layout.h"
#include "client/codec_options.h"
#include "client/monotonic_time.h"
#include "client/security_options.h"

namespace earshot {

// Who plays, where, and how.
struct PlayerOptions {
  std::string server;  // host:port or unix:/path, or several: A,B
  SecurityOptions security;
  std::string stream;  // vms/{vm}/streams/{id}
  std::string client;  // name and version, such as "earshot-device/0.1.0"
  std::map<std::string, std::string> labels;
  CodecOptions codec;
  bool probe = false;  // only to try the way: nobody hears it
  // The least delay that the service can do.
  bool low_latency = false;
  // Read when the service says something; all else is told the time.
  std::function<MonotonicTime()> clock = std::chrono::steady_clock::now;
};

// The PCM of one epoch.
struct PlayerFormat {
  int rate_hz = 48000;
  int channels = 2;
  int buffer_frames = 0;  // the source's ring; 0 if unknown
  int period_frames = 0;  // 0 if unknown
  // Of each channel; empty: ALSA's usual ones, see channel_layout.h.
  ChannelPositions positions = {};
  // Set where the sound has been resampled to rate_hz; else 0.
  int source_rate_hz = 0;
  // What is held back by whoever has resampled, in frames of rate_hz.
  int held_frames = 0;
};

// How loud a stream is played: 0 dB at most; at -60 dB and below, nothing is
// heard.
struct PlayerVolume {
  double gain_db = 0;
  bool mute = false;

  bool operator==(const PlayerVolume&) const = default;
};

// Where the current epoch stands, or the last one if none is under way.
// Positions and counts are in frames. On one call
//   produced = played + queued at the server + in flight + skipped,
// and after a drain produced = played + skipped + lost.
struct PlayerStats {
  uint64_t epoch = 0;
  int rate_hz = 0;
  bool connected = false;   // the call is open
  bool going_away = false;  // the server wants the call to end
  bool free_run = false;    // the sound is discarded
  bool drained = false;     // the server has played the epoch to its end
  bool draining = false;    // it plays this epoch's tail, or an earlier one's
  int64_t produced = 0;
  int64_t sent = 0;      // position: coded to be sent, or declared as skipped
  int64_t received = 0;  // position
  int64_t played = 0;    // position; skips included
  int64_t granted = 0;   // position
  int64_t skipped = 0;   // discarded, whether declared yet or not
  int64_t lost = 0;      // sent to a server that is gone; it may have played it
  int64_t packets = 0;
  int64_t payload_bytes = 0;
  int64_t free_runs = 0;
  std::chrono::nanoseconds stalled{0};  // the clock waited for a grant
  double clock_ppm = 0;  // by how much the clock runs faster than nominal
  std::optional<std::chrono::nanoseconds> round_trip;
  // What the server last said of its margin, in us.
  std::optional<int64_t> margin_error_us;
  int64_t target_margin_us = 0;
};

// What all epochs of a player have come to, that which is under way included.
// In frames of the stream, as the service counts them.
struct PlayerTotals {
  int64_t epochs = 0;
  int64_t produced = 0;
  int64_t passed = 0;  // by the service: played, skipped or lost
  int64_t skipped = 0;
  int64_t lost = 0;
  int64_t packets = 0;
  int64_t payload_bytes = 0;
  int64_t free_runs = 0;
  std::chrono::nanoseconds stalled{0};
  int64_t calls = 0;         // that were opened
  int64_t resumed = 0;       // of them, those that went on with another
  int64_t calls_failed = 0;  // that were lost, or could not be opened

  void Add(const PlayerStats& epoch) {
    produced += epoch.produced;
    passed += epoch.played;
    skipped += epoch.skipped;
    lost += epoch.lost;
    packets += epoch.packets;
    payload_bytes += epoch.payload_bytes;
    free_runs += epoch.free_runs;
    stalled += epoch.stalled;
  }
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAYER_TYPES_H_
