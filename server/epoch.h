#ifndef EARSHOT_SERVER_EPOCH_H_
#define EARSHOT_SERVER_EPOCH_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "server/jitter_buffer.h"
#include "server/margin_history.h"
#include "server/margin_meter.h"
#include "server/open_silence.h"
#include "server/refusal.h"
#include "server/skip_counts.h"
#include "server/source_lateness.h"
#include "server/stream_types.h"
#include "server/target_margin.h"
#include "server/underrun_watch.h"
#include "sinks/frame_time.h"

namespace earshot {

// What decides when an epoch plays and how far its client may send.
struct PlayoutConfig {
  // How early a packet should be here.
  MarginLimits margin;
  // What a client may send after Begin without being told, and the least that
  // it may be ahead: a path of 100±50 ms needs so much, and nobody knows yet.
  std::chrono::milliseconds initial_window{600};
  // The grant runs ahead of the play-out by the target margin, the worst round
  // trip and this, so that nothing is skipped while the client waits: for TCP
  // that sends again 400 ms after it was sent in vain, or for a server that
  // starts anew. It costs nothing but bounded memory.
  std::chrono::milliseconds grant_beyond_target{400};
  // Priming ends this long after the target margin, also without the sound.
  std::chrono::milliseconds priming_patience{100};
  // Open silence is recorded this much later than it is heard: see Epoch.
  std::chrono::milliseconds silence_hold_back{2000};
};

// One epoch at the server: its jitter buffer, where its play-out stands, and
// what it has granted. It decides what is to be played next; decoding is its
// owner's. Positions are frames of the stream. Of the session it borrows what
// was learnt of the network: the target margin, and the margins of late.
//
// A sink pulls in chunks, so between two pulls its clock goes on from where the
// last one ended: margins are measured against that, whatever the chunks are.
//
// Thread: none of its own; Session serializes calls. Time is an argument.
class Epoch {
 public:
  // kPriming -> kPlaying   enough is here, or patience is at its end
  // kPlaying -> kPriming   the buffer ran dry
  // kPriming, kPlaying -> kPaused -> the state before   Pause, Resume
  // any -> kDraining       End
  // kDraining -> kDone     the end was played
  enum class State { kPriming, kPlaying, kPaused, kDraining, kDone };

  // In open silence the client is told so seldom how the play-out stands, and
  // is granted so much more that it need not know. Rarer than a client's Ping,
  // whose echo tells the same.
  static constexpr std::chrono::milliseconds kSilentInterval{1250};

  // What the play-out has to do next.
  struct Step {
    enum class Kind {
      kNothing,  // no media now: the rest is silence, declared or not
      kCopy,     // `frames` of the decoded frames
      kZeros,    // `frames` of digital silence
      kDecode,   // `payload`, to `frames`
      kRestart,  // `frames` are passed over, and the codec starts anew
    };
    Kind kind = Kind::kNothing;
    int64_t frames = 0;
    std::string payload = {};
    int64_t first_frame = 0;  // where it begins; of kRestart, what is skipped
  };

  // `active`: no other epoch is played before it. `target` and `margins`
  // outlive it.
  Epoch(const EpochParams& params, const PlayoutConfig& config,
        TargetMargin* target, MarginHistory* margins, bool active,
        MonotonicTime now);

  // What the client says. Of capture_time_ns (0: unknown) only how regularly
  // it goes on counts.
  Refusal AddPacket(int64_t first_frame, int64_t frame_count,
                    std::string payload, int64_t capture_time_ns,
                    MonotonicTime now);
  Refusal AddSilence(int64_t first_frame, MonotonicTime now);
  Refusal AddSkip(int64_t first_frame, int64_t frame_count, SkipReason reason,
                  MonotonicTime now);
  Refusal End(int64_t end_frame, MonotonicTime now);
  void Pause();
  void Resume(MonotonicTime now);
  // The client is gone: what is here is all there is.
  void EndHere(MonotonicTime now);
  // Its call is broken, and may come back; it has come back.
  void CallLost() { underruns_.OnCallLost(); }
  void CallResumed(MonotonicTime now) { underruns_.OnCallResumed(now); }
  // The longest round trip that the client saw: its grant reaches further.
  void SetRoundTrip(std::chrono::nanoseconds worst);

  // The epochs before it were played: its clock may start.
  void Activate(MonotonicTime now);
  // The next step, for at most `want` frames, while `decoded` frames of the
  // last packet are left.
  Step Next(int64_t want, int64_t decoded, MonotonicTime now);
  // Silence that has become recordable: it comes before everything that
  // Next() says from here on.
  int64_t TakeOwedSilence() { return open_silence_.TakeRecordable(); }

  const EpochParams& params() const { return params_; }
  State state() const { return state_; }
  const std::string& state_reason() const { return state_reason_; }
  // Nothing is left to play or to record.
  bool done() const {
    return state_ == State::kDone && !open_silence_.has_recordable();
  }
  bool ended() const { return buffer_.ended(); }
  // The client has declared silence last, and nothing has ended it yet.
  bool in_open_silence() const { return buffer_.in_open_silence(); }
  // What it holds, and may hold.
  size_t bytes() const { return buffer_.bytes(); }
  size_t max_bytes() const { return buffer_.max_bytes(); }

  int64_t played_position() const { return cursor_; }
  int64_t received_position() const;
  // What a client that comes back need not say again: packets, skips, and
  // silence that it confirmed.
  int64_t taken_position() const { return buffer_.end_frame(); }
  int64_t granted_position() const { return granted_; }
  int64_t window_frames() const;
  // Counts since the epoch began; produced = played + queued + skipped.
  int64_t produced_frames() const;
  int64_t played_frames() const;
  int64_t queued_frames() const;
  int64_t skipped_frames() const { return skipped_; }
  const SkipCounts& skip_reasons() const { return skip_reasons_; }
  int64_t silence_frames() const { return silence_; }
  const UnderrunCounts& underruns() const { return underruns_.counts(); }
  const std::optional<Underrun>& last_underrun() const {
    return underruns_.last();
  }
  int64_t packets() const { return packets_; }
  int64_t payload_bytes() const { return payload_bytes_; }
  std::optional<std::chrono::nanoseconds> Margin(MonotonicTime now) const {
    return margin_.Mean(now);
  }

 private:
  Refusal Explain(AddResult result, const char* field, int64_t first_frame,
                  int64_t frame_count) const {
    return buffer_.Explain(result, field, first_frame, frame_count, granted_);
  }
  void OnPacket(int64_t frame_count, int64_t capture_time_ns,
                MonotonicTime now);
  std::chrono::nanoseconds MeasureMargin(int64_t frame_count,
                                         MonotonicTime now);
  void OnMedia(MonotonicTime now);
  void SettleSilence(int64_t end_frame, MonotonicTime now);
  void SetState(State state, std::string reason);
  void StartPriming(std::string reason, MonotonicTime now);
  bool Primed(MonotonicTime now) const;
  Step RunDry(MonotonicTime now);
  Step PlaySilence(int64_t want);
  void OnPull(int64_t want, MonotonicTime now);
  void UpdateGrant();
  int64_t MediaAhead() const;
  int64_t Frames(std::chrono::nanoseconds duration) const {
    return FramesIn(duration, params_.rate_hz);
  }

  const EpochParams params_;
  const PlayoutConfig config_;
  TargetMargin* const target_;
  MarginHistory* const margins_;
  JitterBuffer buffer_;
  MarginMeter margin_;
  SourceLateness source_;
  UnderrunWatch underruns_;
  OpenSilence open_silence_;

  State state_ = State::kPriming;
  State before_pause_ = State::kPriming;
  std::string state_reason_;
  bool active_;
  int64_t cursor_;  // played up to here, skips included
  int64_t granted_;
  int64_t skips_passed_ = 0;  // frames of skips behind the cursor
  int64_t skipped_ = 0;       // frames of all skips
  SkipCounts skip_reasons_;
  int64_t silence_ = 0;
  int64_t packets_ = 0;
  int64_t payload_bytes_ = 0;

  int left_to_drop_;           // pre-skip that the next packet begins with
  int64_t packet_frames_ = 0;  // of the last packet
  std::chrono::nanoseconds round_trip_{0};
  int64_t usual_pull_ = 0;  // the largest one of late
  MonotonicTime last_pull_;
  MonotonicTime last_play_;                     // the last Next() that played
  MonotonicTime last_media_;                    // the last packet came
  std::optional<MonotonicTime> priming_since_;  // media came while priming
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_EPOCH_H_
