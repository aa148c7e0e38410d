#ifndef EARSHOT_CLIENT_PLAYER_CORE_H_
#define EARSHOT_CLIENT_PLAYER_CORE_H_

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/margin_steering.h"
#include "client/monotonic_time.h"
#include "client/pacing_clock.h"
#include "client/packet_encoder.h"
#include "client/playback_stream.h"
#include "client/played_position.h"
#include "client/player_types.h"
#include "client/server_targets.h"
#include "client/stall_guard.h"

namespace earshot {

// What RemotePlayer is made of; its methods are explained there. The producer's
// side: when sound is due (player_core.cc), and what the service says to that
// (player_core_service.cc). What happens to calls is PlaybackStream's.
// Thread: the loop of its executor.
class PlayerCore : private PlaybackStream::Listener,
                   private PacketEncoder::Output {
 public:
  PlayerCore(PlayerOptions options, ServerTargets targets,
             const boost::asio::any_io_executor& executor);
  ~PlayerCore() override;

  void set_on_due(std::function<void()> on_due) { on_due_ = std::move(on_due); }
  absl::Status Prepare(const PlayerFormat& format, MonotonicTime now);
  void Start(MonotonicTime now);
  void Stop(MonotonicTime now);
  int64_t DuePosition(int64_t queued_end, MonotonicTime now);
  MonotonicTime NextDue(int64_t head_end, MonotonicTime now) const;
  void Write(absl::Span<const float> pcm, MonotonicTime now);
  void Discard(int64_t frames, MonotonicTime now);
  int64_t DelayFrames(MonotonicTime now) const;
  void Release(MonotonicTime now);
  void Close(MonotonicTime now);
  void SetVolume(const PlayerVolume& volume) { stream_.SetVolume(volume); }
  const PlayerVolume& volume() const { return stream_.volume(); }
  PlayerStats stats() const;
  PlayerTotals totals() const;
  bool connected() const { return stream_.is_open(); }
  const absl::Status& last_error() const { return last_error_; }

  // Up to where Write() sends what it is given now; produced if it sends
  // nothing.
  int64_t sendable_end() const {
    return sending_ ? std::max(granted_, stats_.produced) : stats_.produced;
  }
  // Up to where sound may be written now: what goes beyond it would be
  // discarded without need. In free-run all is.
  int64_t writable_end() const {
    return stats_.free_run ? std::numeric_limits<int64_t>::max() : Limit();
  }

 private:
  // Of the epoch, from Prepare to Release.
  enum class State {
    kIdle,      // -> kPrepared: Prepare
    kPrepared,  // -> kRunning: Start; -> kIdle: Release
    kRunning,   // -> kStopped: Stop; -> kIdle: Release
    kStopped,   // -> kRunning: Start; -> kIdle: Release
  };

  static PlaybackStream::Options StreamOptions(const PlayerOptions& options);

  // PlaybackStream::Listener
  int64_t QuietEnd() override;
  bool IsStale() override { return stats_.free_run && begun_; }
  void OnOpen(bool resumed) override;
  void OnLost(const absl::Status& reason) override;
  void OnLoss(const SendLog::Loss& loss) override;
  void OnProgress(const v1::Progress& progress) override;
  void OnDrained(const v1::Drained& drained) override;
  void OnVolume() override { CallOnDue(); }
  // PacketEncoder::Output
  void OnPacket(const PacketEncoder::Packet& packet) override;
  void OnSilence(int64_t first_frame) override;

  // The producer.
  void BeginEpoch(MonotonicTime now);
  void TryResume(MonotonicTime now);
  void StartSending();
  void StopSending(v1::Skip::Reason reason);
  void DeclareSkip();
  void EnterFreeRun(MonotonicTime now);
  std::chrono::nanoseconds StallBudget() const;
  void HoldAtQueue(MonotonicTime now);
  int64_t Limit() const { return std::max(granted_, stats_.produced); }
  int64_t Granted() const { return begun_ ? stream_.granted() : 0; }
  int64_t Frames(int64_t ms) const { return stats_.rate_hz * ms / 1000; }
  int64_t SoundDelay(MonotonicTime now) const;
  void TellSourceDelay();

  // What the service says.
  void TakeGrant(MonotonicTime now);
  void Steer(const v1::Progress& progress, MonotonicTime now);
  void HoldSteering(MonotonicTime now);
  void SetPpm(double ppm, MonotonicTime now);
  void FinishDraining(uint64_t epoch, const char* how);
  void AccountFor(const PlayerStats& stats, const char* how);
  void CallOnDue() {
    if (on_due_) on_due_();
  }

  const PlayerOptions options_;
  std::function<void()> on_due_;
  absl::Status last_error_;

  State state_ = State::kIdle;
  PlayerFormat format_;
  PlayerStats stats_;  // of the epoch
  uint64_t last_epoch_ = 0;
  PlayerTotals over_;  // of the epochs that are, and of all calls
  // Ended epochs that the server still plays, oldest first.
  std::deque<PlayerStats> draining_;

  PacingClock clock_;
  MarginSteering steering_;
  std::unique_ptr<PacketEncoder> encoder_;  // null: no codec for the format
  PlayerFormat encoder_format_;

  bool begun_ = false;    // the stream knows the epoch
  bool sending_ = false;  // what is written is coded and sent
  int64_t granted_ = 0;   // as last looked at: the clock was held there
  v1::Skip::Reason skip_reason_ = v1::Skip::REASON_OUTAGE;
  // Sending goes on there, once the source has come so far.
  std::optional<int64_t> resume_at_;
  int64_t queued_end_ = 0;  // as last told
  StallGuard stall_;
  MonotonicTime write_time_;  // of the sound that is being coded
  PlayedPosition played_;
  std::chrono::nanoseconds sink_latency_{0};
  int64_t last_delay_ = 0;  // while nothing is sent
  int64_t resumed_at_ = 0;  // where the codec started last

  PlaybackStream stream_;  // last: it calls the others
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAYER_CORE_H_
