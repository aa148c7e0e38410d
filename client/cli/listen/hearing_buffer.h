#ifndef EARSHOT_CLIENT_CLI_LISTEN_HEARING_BUFFER_H_
#define EARSHOT_CLIENT_CLI_LISTEN_HEARING_BUFFER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "client/cli/listen/arrival_clock.h"
#include "client/cli/listen/varied_rate.h"
#include "sinks/audio_sink.h"

namespace earshot {

// How the hearing goes.
struct HearingStats {
  int64_t heard_frames = 0;  // of sound that came
  int64_t gaps = 0;          // where sound came too late
  int64_t gap_frames = 0;
  int64_t late_frames = 0;  // that were left out, to catch up
  std::chrono::nanoseconds buffered{0};
  std::chrono::nanoseconds wanted{0};  // to be buffered
  double ppm = 0;                      // played so much faster
  float peak = 0;                      // since the stats were asked for last
};

// Between the network and a card: takes a stream's sound as it comes, and plays
// it as much later as the network's jitter asks for, at the pace of the
// server's clock: a little faster or slower than the card's, which nobody hears
// (5 cents at most; see VariedRate). What is missing is waited for, so it is
// late rather than lost.
//
// Sound comes in runs, in which nothing is missing; between two of them the
// stream is silent, or stands still.
//
// Threads: any adds; the sink pulls.
class HearingBuffer : public SoundSource {
 public:
  HearingBuffer(int rate_hz, int channels);

  // Whole frames, which follow those before. `in_time`: they were sent when
  // they were due, not before the listener came.
  void Add(absl::Span<const float> pcm, bool in_time, MonotonicTime now);
  // What comes next is not connected: nothing is missing between.
  void EndRun();
  void SetGain(float gain);

  PlayOutResult PlayOut(absl::Span<float> out, MonotonicTime now) override;

  HearingStats TakeStats();

 private:
  struct Run {
    std::deque<float> pcm;
    int64_t begin = 0;  // frames of the run before those
    int64_t end = 0;    // and with them
    bool ended = false;
    ArrivalClock clock;
  };

  std::chrono::nanoseconds Wanted(const Run& run) const;
  void Bound();
  void StartFront(MonotonicTime now);
  void Steer(MonotonicTime now);
  void Drop(Run& run, int64_t frames);
  void Feed(absl::Span<float> in);
  void FeedFrom(Run& run, absl::Span<float> in);
  void Fade(absl::Span<float> in);
  void Louder(absl::Span<float> out);

  const int rate_hz_;
  const size_t channels_;

  mutable std::mutex hearing_mutex_;  // guards what follows
  std::deque<Run> runs_;
  ArrivalClock clock_;    // of the last run that came
  bool playing_ = false;  // the first run
  bool starved_ = false;  // it has nothing, and is not over
  int64_t starved_frames_ = 0;
  int64_t faded_ = 0;  // frames since sound stopped, or began
  bool fades_in_ = false;
  std::vector<float> last_;  // frame that was fed
  double error_ = 0;         // seconds behind, smoothed
  double ratio_ = 1;
  std::optional<MonotonicTime> first_pull_;
  MonotonicTime last_pull_;
  int64_t pull_frames_ = 0;  // the largest pull of late
  float gain_ = 1;
  float wanted_gain_ = 1;
  HearingStats stats_;
  VariedRate varied_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_LISTEN_HEARING_BUFFER_H_
