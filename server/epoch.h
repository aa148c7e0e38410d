#ifndef EARSHOT_SERVER_EPOCH_H_
#define EARSHOT_SERVER_EPOCH_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "server/jitter_buffer.h"
#include "server/margin_meter.h"
#include "server/refusal.h"
#include "server/sinks/frame_time.h"
#include "server/stream_types.h"

namespace earshot {

// What decides when an epoch plays and how far its client may send.
struct PlayoutConfig {
  // How early a packet should be here.
  std::chrono::milliseconds target_margin{40};
  // What a client may send after Begin without being told.
  std::chrono::milliseconds initial_window{200};
  // The grant runs ahead of the play-out by the target margin and this: too
  // small a window stalls the guest on a long path (architecture, "Window").
  std::chrono::milliseconds grant_beyond_target{250};
  // Priming ends this long after the target margin, also without the sound.
  std::chrono::milliseconds priming_patience{100};
  // Open silence is recorded this much later than it is heard: see Epoch.
  std::chrono::milliseconds silence_hold_back{2000};
};

// One epoch at the server: its jitter buffer, where its play-out stands, and
// what it has granted. It decides what is to be played next; decoding is its
// owner's. Positions are frames of the stream.
//
// Open silence is played as time goes, though its end is not known yet. Should
// the client end it at a position that was passed already (its source was
// starved, or the network was late), the play-out goes back there; so that a
// recording stays exact, silence counts as recordable only once the client has
// confirmed it or it is `silence_hold_back` old.
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

  // What the play-out has to do next.
  struct Step {
    enum class Kind {
      kNothing,  // no media now: the rest is silence, declared or not
      kCopy,     // `frames` of the decoded frames
      kZeros,    // `frames` of digital silence
      kDecode,   // `payload`, to `frames`
      kRestart,  // the codec starts anew
    };
    Kind kind = Kind::kNothing;
    int64_t frames = 0;
    std::string payload;
  };

  // `active`: no other epoch is played before it.
  Epoch(const EpochParams& params, const PlayoutConfig& config, bool active,
        MonotonicTime now);

  // What the client says.
  Refusal AddPacket(int64_t first_frame, int64_t frame_count,
                    std::string payload, MonotonicTime now);
  Refusal AddSilence(int64_t first_frame, MonotonicTime now);
  Refusal AddSkip(int64_t first_frame, int64_t frame_count, MonotonicTime now);
  Refusal End(int64_t end_frame, MonotonicTime now);
  void Pause();
  void Resume(MonotonicTime now);
  // The client is gone: what is here is all there is.
  void EndHere(MonotonicTime now);

  // The epochs before it were played: its clock may start.
  void Activate(MonotonicTime now);
  // The next step, for at most `want` frames, while `decoded` frames of the
  // last packet are left.
  Step Next(int64_t want, int64_t decoded, MonotonicTime now);
  // Silence that has become recordable: it comes before everything that
  // Next() says from here on.
  int64_t TakeOwedSilence();

  const EpochParams& params() const { return params_; }
  State state() const { return state_; }
  const std::string& state_reason() const { return state_reason_; }
  // Nothing is left to play or to record.
  bool done() const { return state_ == State::kDone && owed_silence_ == 0; }
  bool ended() const { return buffer_.ended(); }

  int64_t played_position() const { return cursor_; }
  int64_t received_position() const;
  int64_t granted_position() const { return granted_; }
  int64_t window_frames() const { return window_frames_; }
  // Counts since the epoch began; produced = played + queued + skipped.
  int64_t produced_frames() const;
  int64_t played_frames() const;
  int64_t queued_frames() const;
  int64_t skipped_frames() const { return skipped_; }
  int64_t silence_frames() const { return silence_; }
  int64_t underruns() const { return underruns_; }
  int64_t packets() const { return packets_; }
  int64_t payload_bytes() const { return payload_bytes_; }
  std::optional<std::chrono::nanoseconds> Margin(MonotonicTime now) const {
    return margin_.Mean(now);
  }

 private:
  Refusal CheckPayload(int64_t frame_count, const std::string& payload,
                       int* decoded) const;
  Refusal Explain(AddResult result, const char* field, int64_t first_frame,
                  int64_t frame_count) const;
  void MeasureMargin(int64_t frame_count, MonotonicTime now);
  void OnMedia(MonotonicTime now);
  void SettleSilence(int64_t end_frame, MonotonicTime now);
  void SetState(State state, std::string reason);
  void StartPriming(std::string reason, MonotonicTime now);
  bool Primed(MonotonicTime now) const;
  Step RunDry(MonotonicTime now);
  Step PlaySilence(int64_t want);
  void UpdateGrant();
  int64_t MediaAhead() const;
  int64_t Frames(std::chrono::nanoseconds duration) const {
    return FramesIn(duration, params_.rate_hz);
  }

  const EpochParams params_;
  const PlayoutConfig config_;
  const int64_t window_frames_;
  JitterBuffer buffer_;
  MarginMeter margin_;

  State state_ = State::kPriming;
  State before_pause_ = State::kPriming;
  std::string state_reason_;
  bool active_;
  int64_t cursor_;  // played up to here, skips included
  int64_t granted_;
  int64_t skips_passed_ = 0;  // frames of skips behind the cursor
  int64_t skipped_ = 0;       // frames of all skips
  int64_t silence_ = 0;
  int64_t underruns_ = 0;
  int64_t packets_ = 0;
  int64_t payload_bytes_ = 0;

  int left_to_drop_;           // pre-skip that the next packet begins with
  int64_t packet_frames_ = 0;  // of the last packet
  int64_t unconfirmed_ = 0;    // open silence played and not yet recordable
  int64_t owed_silence_ = 0;   // recordable, and not yet taken
  MonotonicTime last_play_;    // the last Next() that played
  MonotonicTime last_media_;   // the last packet came
  std::optional<MonotonicTime> priming_since_;  // media came while priming
  std::optional<MonotonicTime> dry_since_;      // ran dry; no media since
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_EPOCH_H_
