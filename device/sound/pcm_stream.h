#ifndef EARSHOT_DEVICE_SOUND_PCM_STREAM_H_
#define EARSHOT_DEVICE_SOUND_PCM_STREAM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "device/sound/pcm_output.h"
#include "device/sound/ring_watch.h"
#include "device/sound/tx_buffer.h"
#include "device/sound/tx_fifo.h"
#include "device/sound/virtio_snd.h"

namespace earshot {

// One playback stream of the guest: its state, and the queue of its buffers,
// whose payload it hands to the PcmOutput as late as that wants it. A buffer
// goes back to the guest, in order, when its last frame has been handed over
// (5.14.6.8.1.1); the last of a whole ring when the guest has noticed the
// others.
//
// It has no clock of its own (the output has), and it does not pop: the
// SoundDevice routes the TX queue's buffers to it. Positions are in frames
// since the epoch began. Thread: the device's loop; nothing blocks.
class PcmStream {
 public:
  // 5.14.6.6.1. What is not listed is answered with BAD_MSG.
  //   kInitial   SET_PARAMS → kParamsSet
  //   kParamsSet SET_PARAMS → kParamsSet, PREPARE → kPrepared
  //   kPrepared  SET_PARAMS → kParamsSet, PREPARE → kPrepared,
  //              START → kRunning, RELEASE → kReleased
  //   kRunning   STOP → kStopped
  //   kStopped   START → kRunning, RELEASE → kReleased
  //   kReleased  SET_PARAMS → kParamsSet, PREPARE → kPrepared
  // RELEASE in kInitial, kParamsSet and kReleased changes nothing and succeeds:
  // Linux sends it at open() if it misses a buffer, and fails otherwise.
  enum class State {
    kInitial,
    kParamsSet,
    kPrepared,
    kRunning,
    kStopped,
    kReleased,
  };

  enum class QueueResult {
    kQueued,
    kNotPrepared,  // answered with IO_ERR
    kTooMuch,      // beyond kMaxQueuedFrames; answered with IO_ERR
  };

  struct Stats {
    int64_t frames_produced = 0;    // handed to the output, all epochs
    int64_t frames_unplayed = 0;    // released before the first START
    int64_t buffers_completed = 0;  // answered with OK
    int64_t buffers_failed = 0;     // answered with IO_ERR
    int64_t bytes_dropped = 0;      // less than a frame at a buffer's end
    int64_t underflows = 0;         // the guest came late with its sound
    int64_t epochs = 0;
  };

  // `output` outlives the stream.
  explicit PcmStream(PcmOutput* output);
  PcmStream(const PcmStream&) = delete;
  PcmStream& operator=(const PcmStream&) = delete;

  // The driver's commands. What is on the TX ring was queued before.
  // `features`: what was selected of SndPcmFeature.
  [[nodiscard]] SndStatus SetParams(const PcmParams& params, MonotonicTime now,
                                    uint32_t features = 0);
  [[nodiscard]] SndStatus Prepare(MonotonicTime now);
  [[nodiscard]] SndStatus Start(MonotonicTime now);
  [[nodiscard]] SndStatus Stop(MonotonicTime now);
  // 5.14.6.6.5.1: on return no buffer is pending. The queue was written to the
  // output at once, or dropped if the stream was never started: the guest has
  // abandoned it then.
  [[nodiscard]] SndStatus Release(MonotonicTime now);

  // Takes over a buffer of this stream, or answers it. Poll() afterwards.
  QueueResult Queue(TxBuffer buffer);
  // Hands over what is due and answers the buffers that it empties.
  void Poll(MonotonicTime now);
  // Whether the guest has let its running stream underflow since the last call
  // and wants to know (VIRTIO_SND_PCM_F_EVT_XRUNS): once for each time.
  bool TakeUnderflow();
  // When to Poll() again; max() for not before something happens.
  MonotonicTime NextDeadline(MonotonicTime now) const;

  // The TX queue is gone for now: forgets its buffers, which will come again,
  // but not how far they were played. The clock stands still meanwhile.
  void SuspendQueue(MonotonicTime now);
  // The TX queue is there (again), and its buffers were queued.
  void ResumeQueue(MonotonicTime now);
  // The driver starts from nothing. The buffers are void already.
  void Reset(MonotonicTime now);

  State state() const { return state_; }
  // From PREPARE to RELEASE: buffers are taken.
  bool has_epoch() const {
    return state_ == State::kPrepared || state_ == State::kRunning ||
           state_ == State::kStopped;
  }
  // It runs, and the guest can be answered.
  bool clock_runs() const { return clock_runs_; }
  // Some of what is queued was not handed over yet: NextDeadline() comes before
  // the end of it.
  bool has_sound() const { return queued_end_ > produced_; }
  int64_t produced() const { return produced_; }      // of this epoch
  int64_t queued_end() const { return queued_end_; }  // of this epoch
  size_t buffers() const { return fifo_.size(); }     // that it holds
  const Stats& stats() const { return stats_; }

 private:
  void EndEpoch(MonotonicTime now);
  void UpdateClock(MonotonicTime now);
  void WriteUpTo(int64_t position, MonotonicTime now);
  int64_t WriteFrom(const TxFifo::Entry& entry, int64_t end, MonotonicTime now);
  void CompleteProduced(MonotonicTime now);
  void FailQueue();
  void WatchForUnderflow(MonotonicTime now);
  uint32_t LatencyBytes(MonotonicTime now) const;

  PcmOutput* const output_;
  State state_ = State::kInitial;
  PcmParams params_;
  uint32_t features_ = 0;  // as selected
  bool queue_present_ = false;
  bool clock_runs_ = false;  // as the output was told

  TxFifo fifo_;
  int64_t produced_ = 0;
  int64_t queued_end_ = 0;
  MonotonicTime last_poll_{};
  RingWatch ring_;
  std::optional<MonotonicTime> dry_since_;  // it runs, and all is handed over
  bool dry_counted_ = false;
  bool underflow_ = false;  // not taken yet
  std::vector<uint8_t> scratch_;

  Stats stats_;
};

// For logs.
const char* ToString(PcmStream::State state);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_PCM_STREAM_H_
