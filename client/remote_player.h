#ifndef EARSHOT_CLIENT_REMOTE_PLAYER_H_
#define EARSHOT_CLIENT_REMOTE_PLAYER_H_

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/codec_options.h"
#include "client/monotonic_time.h"

namespace earshot {

// The PCM of one epoch.
struct PlayerFormat {
  int rate_hz = 48000;
  int channels = 2;
  int buffer_frames = 0;  // the source's ring; 0 if unknown
  int period_frames = 0;  // 0 if unknown
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
  int64_t sent = 0;      // position: sent or declared as skipped
  int64_t received = 0;  // position
  int64_t played = 0;    // position; skips included
  int64_t granted = 0;   // position
  int64_t skipped = 0;   // discarded, whether declared yet or not
  int64_t lost = 0;      // sent on calls that broke, and not confirmed
  int64_t packets = 0;
  int64_t payload_bytes = 0;
  int64_t free_runs = 0;
  std::chrono::nanoseconds stalled{0};  // the clock waited for a grant
  // What the server last said of its margin, in us.
  std::optional<int64_t> margin_error_us;
  int64_t target_margin_us = 0;
};

// Plays the PCM of one source (a guest's stream, a file) at the playback
// service, on the service's clock: PacingClock and CreditWindow say how much
// may leave, PacketEncoder codes it, PlaybackStream carries it.
//
// It has the shape of device/sound/pcm_output.h: the source asks how far its
// sound is due and writes that much; nothing blocks, and nothing that the
// service does fails a call. Without a service, or when the grant has been used
// up for longer than the stall budget (min(80 ms, half the ring)), it is in
// free-run: the clock goes on, what is written is discarded, counted, and
// declared once the service is back.
//
// Thread: the loop of its executor; every call must come from there, and the
// callback comes there. Positions are frames since Prepare().
class RemotePlayer {
 public:
  struct Options {
    std::string server;  // host:port or unix:/path
    std::string stream;  // vms/{vm}/streams/{id}
    std::string client;  // name and version, such as "earshot-device/0.1.0"
    std::map<std::string, std::string> labels;
    CodecOptions codec;
    // Read when the service says something; all else is told the time.
    std::function<MonotonicTime()> clock = std::chrono::steady_clock::now;
  };

  // Begins to connect. INVALID_ARGUMENT says what is allowed.
  static absl::StatusOr<std::unique_ptr<RemotePlayer>> Create(
      Options options, const boost::asio::any_io_executor& executor);
  ~RemotePlayer();
  RemotePlayer(const RemotePlayer&) = delete;
  RemotePlayer& operator=(const RemotePlayer&) = delete;

  // Called when the service or the lack of it has changed what DuePosition()
  // and NextDue() say. It may call both, and Write().
  void set_on_due(std::function<void()> on_due);

  // Begins an epoch, ending the one before. INVALID_ARGUMENT if the codec does
  // not take the format; the epoch then runs free.
  absl::Status Prepare(const PlayerFormat& format, MonotonicTime now);
  // The clock runs from here on, or goes on after Stop().
  void Start(MonotonicTime now);
  // The clock stands still; positions stay.
  void Stop(MonotonicTime now);

  // The position up to which sound is to be written at `now`: what the clock
  // has passed and the service has granted, never beyond `queued_end`, where
  // the source's queue ends, and never back. A source that comes late is waited
  // for: the clock runs past its queue by at most 20 ms.
  int64_t DuePosition(int64_t queued_end, MonotonicTime now);
  // When DuePosition() is to be asked again: the clock passes `head_end`, a
  // packet is full, or the stall budget ends, whichever is first. max() while
  // the clock stands still.
  MonotonicTime NextDue(int64_t head_end, MonotonicTime now) const;

  // Whole frames, interleaved, in [-1, 1): what follows what was written
  // before. What goes beyond the grant (a flush) is discarded and declared.
  void Write(absl::Span<const float> pcm, MonotonicTime now);

  // How long after Write() a frame is heard, in frames.
  int64_t DelayFrames(MonotonicTime now) const;

  // Ends the epoch behind the last written frame; the server plays the tail,
  // while the next epoch may begin. An epoch that never started is dropped.
  void Release(MonotonicTime now);

  PlayerStats stats() const;
  // Why the last call was lost or not opened; OK if there was none.
  const absl::Status& last_error() const;

 private:
  class Impl;
  explicit RemotePlayer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_REMOTE_PLAYER_H_
