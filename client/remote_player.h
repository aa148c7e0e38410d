#ifndef EARSHOT_CLIENT_REMOTE_PLAYER_H_
#define EARSHOT_CLIENT_REMOTE_PLAYER_H_

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/monotonic_time.h"
#include "client/player_types.h"

namespace earshot {

class PlayerCore;
class RateAdapter;

// Plays the PCM of one source (a guest's stream, a file) at the playback
// service, on the service's clock: PacingClock says how much is due,
// PacketEncoder codes it, PlaybackStream carries it as far as that is granted.
//
// It has the shape of device/sound/pcm_output.h: the source asks how far its
// sound is due and writes that much; nothing blocks, and nothing that the
// service does fails a call. Without a service, or when the grant has been used
// up for longer than the stall budget (min(80 ms, half the ring)), it is in
// free-run: the clock goes on, what is written is discarded, counted, and
// declared once the service is back. A call that breaks is none of the source's
// business before that.
//
// Thread: the loop of its executor; every call must come from there, and the
// callback comes there. Positions and counts are frames of the source since
// Prepare(), whatever the rate: what the codec has not is resampled.
class RemotePlayer {
 public:
  using Options = PlayerOptions;

  // Begins to connect. INVALID_ARGUMENT says what is allowed.
  static absl::StatusOr<std::unique_ptr<RemotePlayer>> Create(
      Options options, const boost::asio::any_io_executor& executor);
  ~RemotePlayer();
  RemotePlayer(const RemotePlayer&) = delete;
  RemotePlayer& operator=(const RemotePlayer&) = delete;

  // Called when the service or the lack of it has changed what DuePosition(),
  // NextDue() or volume() say. It may call both, and Write().
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

  // What follows will never be heard: it counts as skipped.
  void Discard(int64_t frames, MonotonicTime now);

  // How long after Write() a frame is heard, in frames.
  int64_t DelayFrames(MonotonicTime now) const;

  // Ends the epoch behind the last written frame; the server plays the tail,
  // while the next epoch may begin. An epoch that never started is dropped.
  void Release(MonotonicTime now);

  // How loud the service plays the stream, in this epoch and in those that
  // follow; others may set it there too, which set_on_due() tells. It may be
  // set at any time, and is what was set last.
  void SetVolume(const PlayerVolume& volume);
  PlayerVolume volume() const;

  // Ends the epoch, and the stream: the service plays the tail, then it is not
  // connected any more (which set_on_due() tells), and not again.
  void Close(MonotonicTime now);

  PlayerStats stats() const;
  PlayerTotals totals() const;
  // Whether the call is open, as stats() has it too.
  bool connected() const;
  // Why the last call was lost or not opened; OK if there was none.
  const absl::Status& last_error() const;

 private:
  RemotePlayer(std::unique_ptr<PlayerCore> core, AudioCodec codec);
  const std::unique_ptr<PlayerCore> core_;
  const std::unique_ptr<RateAdapter> adapter_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_REMOTE_PLAYER_H_
