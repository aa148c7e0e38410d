#ifndef EARSHOT_SERVER_SESSION_H_
#define EARSHOT_SERVER_SESSION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "server/epoch.h"
#include "server/packet_decoder.h"
#include "server/refusal.h"
#include "server/sinks/audio_sink.h"
#include "server/stream_types.h"
#include "server/target_margin.h"

namespace earshot {

// What a stream is doing; the values are those of earshot.v1.StreamState.
enum class SessionState {
  kIdle = 1,
  kPriming = 2,
  kPlaying = 3,
  kPaused = 4,
  kDraining = 5,
  kClosed = 6,
};

// What Progress says.
struct ProgressReport {
  uint64_t epoch = 0;
  int64_t granted_frame = 0;
  int64_t received_frame = 0;
  int64_t played_frame = 0;
  MonotonicTime time;
  std::optional<std::chrono::nanoseconds> margin_error;
  std::chrono::nanoseconds target_margin{0};
  std::optional<uint64_t> ping_id;
};

// What Drained says.
struct DrainedReport {
  uint64_t epoch = 0;
  int64_t played_frame = 0;
};

// The accounting of one epoch: the one that plays, or the last one.
struct EpochStats {
  EpochParams params;
  int64_t produced_frames = 0;
  int64_t played_frames = 0;
  int64_t skipped_frames = 0;
  int64_t queued_frames = 0;
  int64_t granted_frame = 0;
  int64_t silence_frames = 0;
  int64_t underruns = 0;
  int64_t packets = 0;
  int64_t payload_bytes = 0;
  double margin_ms = 0;
};

// How a session stands.
struct SessionStats {
  SessionState state = SessionState::kIdle;
  std::string state_reason;
  std::string sink;
  EpochStats epoch;
  double target_margin_ms = 0;
  int64_t epochs_total = 0;
  int64_t played_frames_total = 0;
  int64_t skipped_frames_total = 0;
  int64_t underruns_total = 0;
};

// One stream at the server: takes what the client says, puts out what is to be
// played, and says what the client has to know. A new epoch may begin before
// the last one was played to its end: it waits behind it.
//
// Three parties use it at a time: the client's call (Begin ... TakeProgress),
// one play-out thread (PlayOut and the other calls of that section), and
// anybody for Stats(). It knows no gRPC, and no clock: time is an argument.
class Session : public SoundSource {
 public:
  explicit Session(const PlayoutConfig& config)
      : config_(config), target_(config.margin) {}

  // --- What the client says. A refusal ends its call.
  Refusal Begin(const EpochParams& params, MonotonicTime now);
  Refusal AddPacket(int64_t first_frame, int64_t frame_count,
                    std::string payload, MonotonicTime now);
  Refusal AddSilence(int64_t first_frame, MonotonicTime now);
  Refusal AddSkip(int64_t first_frame, int64_t frame_count, MonotonicTime now);
  Refusal Pause(MonotonicTime now);
  Refusal Resume(MonotonicTime now);
  Refusal End(int64_t end_frame, MonotonicTime now);
  void Ping(uint64_t id);
  // The client says nothing more: what is here is played, then the session is
  // closed. Harmless if repeated.
  void CloseRequests(MonotonicTime now);

  // --- What the client has to know, if it is time to say it.
  std::optional<DrainedReport> TakeDrained();
  std::optional<ProgressReport> TakeProgress(MonotonicTime now);
  bool ReportDue(MonotonicTime now) const;

  // --- For the play-out thread.
  // The epoch to be played, until FinishEpoch(); nothing if there is none.
  std::optional<EpochParams> PlayingEpoch() const;
  PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime now) override;
  // Whether that epoch was played to its end.
  bool EpochPlayed() const;
  // Reports that epoch as drained and goes on to the next one. Its sink must
  // have been closed: a client may look at the recording at once.
  void FinishEpoch(MonotonicTime now);
  // The server cannot wait: forgets what was not played.
  void Abandon();
  // Where the sound goes, and the sink's trouble, if any, for state_reason.
  void SetSink(std::string description, std::string problem);

  // Nothing more will happen.
  bool closed() const;
  bool HasEpoch() const;
  SessionStats Stats(MonotonicTime now) const;

 private:
  // What was begun and not yet reported as drained: a client that begins
  // epochs faster than they can be played, or does not listen, is stopped.
  static constexpr size_t kMaxEpochs = 16;
  static constexpr std::chrono::milliseconds kProgressInterval{50};
  // For one pull, of 10 ms at most: 4 packets of 2.5 ms, and some to spare.
  // Packets that decode to more than they are for do not hold up the streams
  // of the same thread.
  static constexpr int kMaxDecodes = 16;

  Epoch* Receiving();
  Refusal NoEpoch(const char* field) const;
  SessionState State() const;
  EpochStats StatsOf(const Epoch& epoch, MonotonicTime now) const;
  bool ProgressDue(MonotonicTime now) const;
  const Epoch* Reported() const;
  int64_t DecodedFrames(int channels) const {
    return static_cast<int64_t>(pcm_.size() - pcm_used_) / channels;
  }
  void DecodeNext(const EpochParams& params, const Epoch::Step& step);

  const PlayoutConfig config_;

  // Guards everything down to the play-out thread's own.
  mutable std::mutex stream_mutex_;
  TargetMargin target_;                        // of all epochs
  std::deque<std::unique_ptr<Epoch>> epochs_;  // the first one plays
  std::deque<DrainedReport> drained_;
  EpochStats last_epoch_;
  uint64_t newest_epoch_ = 0;
  bool requests_closed_ = false;
  std::string sink_;
  std::string sink_problem_;
  std::optional<uint64_t> ping_;
  std::optional<MonotonicTime> last_progress_;
  uint64_t last_progress_epoch_ = 0;
  int64_t last_granted_ = 0;
  int64_t epochs_total_ = 0;
  int64_t played_total_ = 0;
  int64_t skipped_total_ = 0;
  int64_t underruns_total_ = 0;

  // The play-out thread's own.
  std::unique_ptr<PacketDecoder> decoder_;
  uint64_t decoder_epoch_ = 0;
  std::vector<float> pcm_;  // the last packet, decoded
  size_t pcm_used_ = 0;     // samples of it that were played
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SESSION_H_
