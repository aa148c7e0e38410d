#ifndef EARSHOT_SINKS_ALSA_SINK_H_
#define EARSHOT_SINKS_ALSA_SINK_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "codec/channel_layout.h"
#include "sinks/alsa_card.h"
#include "sinks/audio_sink.h"
#include "sinks/card_pull.h"
#include "sinks/latency_meter.h"

namespace earshot {

// Plays an epoch on a PCM of libasound, from a thread of its own: the card is
// the clock. While it cannot be opened, or is gone, it is tried again, and the
// epoch is played to nobody, at the right pace.
class AlsaSink : public AudioSink {
 public:
  AlsaSink(std::string pcm, int rate_hz, ChannelLayout layout,
           CardLatency latency,
           std::chrono::milliseconds patience = CardPull::kPatience);
  ~AlsaSink() override;

  void Start(SoundSource* source, MonotonicTime now) override;
  void Tick(MonotonicTime now) override;
  // Lets the card play what it holds, which are some milliseconds.
  void Stop() override;
  std::chrono::nanoseconds latency() const override;
  int64_t underruns() const override { return underruns_; }
  std::string description() const override { return "alsa:" + pcm_; }
  std::string problem() const override;

 private:
  void Run();
  // Plays until the card is gone, or Stop().
  absl::Status Play(AlsaCard* card);
  void SetProblem(std::string problem);
  // Sleeps; false at once, and while it sleeps, if Stop() is called.
  bool Sleep(std::chrono::nanoseconds time);

  const std::string pcm_;
  const int rate_hz_;
  const ChannelLayout layout_;
  const std::chrono::microseconds period_;
  CardPull pull_;
  LatencyMeter latency_;
  std::atomic<int64_t> underruns_ = 0;  // of all cards
  std::thread thread_;

  mutable std::mutex sink_mutex_;  // guards what follows
  std::condition_variable stopped_;
  bool stop_ = false;
  std::string problem_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_ALSA_SINK_H_
