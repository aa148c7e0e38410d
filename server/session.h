#ifndef EARSHOT_SERVER_SESSION_H_
#define EARSHOT_SERVER_SESSION_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "server/client_reports.h"
#include "server/drained_reports.h"
#include "server/epoch.h"
#include "server/epoch_player.h"
#include "server/gain_ramp.h"
#include "server/listen/sound_feed.h"
#include "server/margin_history.h"
#include "server/peak_meter.h"
#include "server/play_volume.h"
#include "server/playout_news.h"
#include "server/playout_observer.h"
#include "server/refusal.h"
#include "server/session_stats.h"
#include "server/skip_counts.h"
#include "server/stream_types.h"
#include "server/target_margin.h"
#include "sinks/audio_sink.h"

namespace earshot {

// A call that speaks for a session, and what the session has of its client.
// Each call of a session has a number of its own: once another one is attached,
// what this one says is refused, and it is told nothing.
struct Attachment {
  uint64_t call = 0;
  bool resumed = false;  // it goes on from an earlier call
  // What Opened says then.
  uint64_t received_epoch = 0;
  int64_t received_frame = 0;
  bool received_end = false;
};

// One stream at the server: takes what the client says, puts out what is to be
// played, and says what the client has to know. A new epoch may begin before
// the last one was played to its end: it waits behind it. Calls come and go: a
// session whose call was lost plays what it has and waits for the next.
//
// Three parties use it at a time: the client's calls (Attach ... ReportDue),
// one play-out thread (PlayOut and the other calls of that section), and
// anybody for Stats(). It knows no gRPC, and no clock: time is an argument.
class Session : public SoundSource {
 public:
  // `volume` is that of the stream's name: what others set there counts too.
  explicit Session(
      const PlayoutConfig& config,
      std::shared_ptr<PlayVolume> volume = std::make_shared<PlayVolume>())
      : config_(config),
        volume_(volume),
        target_(config.margin),
        reports_(std::move(volume)) {}

  // A call begins to speak for the session, and no other does any longer.
  // `oldest_epoch`: the first one that the client does not know as played; 0
  // if it knows all. Nothing if the session takes no more calls.
  std::optional<Attachment> Attach(uint64_t oldest_epoch, MonotonicTime now);
  // The call has ended without a word: the session waits so long for another,
  // and then closes. If the client has not begun an epoch yet, it closes.
  void CallLost(uint64_t call, std::chrono::milliseconds wait,
                MonotonicTime now);
  // The client says nothing more: what is here is played, then the session is
  // closed.
  void CloseRequests(uint64_t call, MonotonicTime now);
  // No call speaks for it any longer, and what its last one says is nothing to
  // it.
  void Detach();
  // Somebody else ends it, and says why: it is detached, what is here is
  // played, then it is closed.
  void Replace(std::string why, MonotonicTime now);

  // --- What the client says on that call. A refusal ends it.
  Refusal Begin(uint64_t call, const EpochParams& params, MonotonicTime now);
  Refusal AddPacket(uint64_t call, int64_t first_frame, int64_t frame_count,
                    std::string payload, int64_t capture_time_ns,
                    MonotonicTime now);
  Refusal AddSilence(uint64_t call, int64_t first_frame, MonotonicTime now);
  Refusal AddSkip(uint64_t call, int64_t first_frame, int64_t frame_count,
                  SkipReason reason, MonotonicTime now);
  Refusal Pause(uint64_t call, MonotonicTime now);
  Refusal Resume(uint64_t call, MonotonicTime now);
  Refusal End(uint64_t call, int64_t end_frame, MonotonicTime now);
  Refusal Ping(uint64_t call, const PingReport& ping);
  Refusal SetVolume(uint64_t call, const VolumeSetting& volume);

  // --- What the client has to know, if it is time to say it.
  std::optional<DrainedReport> TakeDrained(uint64_t call);
  // The volume, if it is another one than the call was told; 0 dB was. It goes
  // before the echo of a Ping that was said later.
  std::optional<VolumeSetting> TakeVolume(uint64_t call);
  std::optional<ProgressReport> TakeProgress(uint64_t call, MonotonicTime now);
  bool ReportDue(MonotonicTime now) const;

  // --- For the play-out thread.
  // Whether a client's words may have made something to do for it, since the
  // last time it asked. Without a lock.
  bool TakeStirred() {
    return stirred_.load(std::memory_order_relaxed) && stirred_.exchange(false);
  }
  // Is called when they do: by any thread, with locks held.
  void OnStirred(std::function<void()> stirred);
  // The epoch to be played, until FinishEpoch(); nothing if there is none.
  std::optional<EpochParams> PlayingEpoch() const;
  PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime now) override;
  // Who is told, too, what is played; nobody: null. While nothing is pulled.
  void SetObserver(PlayoutObserver* observer) { news_.SetObserver(observer); }
  // Every few milliseconds, whether there is an epoch or not.
  void Tick(std::chrono::nanoseconds sink_latency, MonotonicTime now);
  // Whether that epoch was played to its end.
  bool EpochPlayed() const;
  // Reports that epoch as drained and goes on to the next one. Its sink must
  // have been closed: a client may look at the recording at once.
  void FinishEpoch(MonotonicTime now);
  // The server cannot wait: forgets what was not played.
  void Abandon();
  // Where the sound goes, and the sink's trouble, if any, for state_reason.
  void SetSink(std::string description, std::string problem);

  // The file that the epoch is recorded in; empty: in none.
  void SetRecording(std::string path);

  // Its last word to those who listen: it is closed.
  void CloseFeed(MonotonicTime now);

  // What it plays, for those who listen.
  const std::shared_ptr<SoundFeed>& feed() const { return news_.feed(); }
  // Nothing more will happen.
  bool closed() const;
  // Nothing will happen until a client comes back.
  bool waits() const;
  bool HasEpoch() const;
  SessionStats Stats(MonotonicTime now) const;

 private:
  // What was begun and not yet reported as drained: a client that begins
  // epochs faster than they can be played, or does not listen, is stopped.
  static constexpr size_t kMaxEpochs = 16;
  // What all epochs together may hold, or what the widest of them may: no guest
  // makes more sound than time has passed, so no more than one window waits.
  static constexpr size_t kMaxBytes = 4 << 20;
  // For one pull, of 10 ms at most: 4 packets of 2.5 ms, and some to spare.
  // Packets that decode to more than they are for do not hold up the streams
  // of the same thread.
  static constexpr int kMaxDecodes = 16;

  bool Speaks(uint64_t call) const { return attached_ && call == call_; }
  // Whether the epochs together hold no more than they may.
  Refusal CheckBytes(const char* field) const;
  // Hands the epoch that the client's messages are for to `say`.
  template <typename Say>
  Refusal ToEpoch(uint64_t call, const char* field, Say say);
  Refusal CheckCall(uint64_t call, const char* field) const;
  Refusal NoEpoch(const char* field) const;
  Epoch* Receiving();
  const Epoch* Reported() const;
  void CloseLocked(std::string reason, MonotonicTime now);
  void Stir();
  SessionState State() const;
  std::string StateReason(MonotonicTime now) const;
  std::optional<Underrun> LastUnderrun() const;

  const PlayoutConfig config_;
  const std::shared_ptr<PlayVolume> volume_;

  // Guards everything down to the play-out thread's own.
  mutable std::mutex stream_mutex_;
  uint64_t call_ = 0;  // the last one
  bool attached_ = false;
  bool requests_closed_ = false;
  std::optional<MonotonicTime> waits_until_;  // for another call
  std::string close_reason_;
  TargetMargin target_;                        // of all epochs
  MarginHistory margins_;                      // likewise
  std::deque<std::unique_ptr<Epoch>> epochs_;  // the first one plays
  uint64_t newest_epoch_ = 0;
  ClientReports reports_;
  EpochStats last_epoch_;
  int64_t last_end_ = 0;                   // of last_epoch_, as a position
  std::optional<Underrun> last_underrun_;  // of the epochs that are over
  StreamTotals total_;                     // epochs_ not included
  std::string sink_;
  std::string sink_problem_;
  std::string recording_;
  std::chrono::nanoseconds sink_latency_{0};
  std::function<void()> on_stirred_ = [] {};

  PeakMeter peak_;                    // anybody's
  std::atomic<bool> stirred_ = true;  // likewise

  // The play-out thread's own.
  std::unique_ptr<EpochPlayer> player_;
  std::optional<GainRamp> gain_;  // of the same epoch
  PlayoutNews news_;              // but its feed
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SESSION_H_
