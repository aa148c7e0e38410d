#ifndef EARSHOT_SINKS_PULSE_SINK_H_
#define EARSHOT_SINKS_PULSE_SINK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "sinks/audio_sink.h"
#include "sinks/card_pull.h"
#include "sinks/pulse_player.h"

namespace earshot {

// Plays an epoch on a sound server (PulseAudio, or PipeWire in its stead),
// whose sound card is the clock. While there is none, the epoch is played to
// nobody, at the right pace.
class PulseSink : public AudioSink {
 public:
  // `patience` is that of CardPull.
  PulseSink(std::shared_ptr<PulsePlayer> player, PulseStreamSpec spec,
            std::chrono::milliseconds patience = CardPull::kPatience);
  ~PulseSink() override;

  void Start(SoundSource* source, MonotonicTime now) override;
  void Tick(MonotonicTime now) override;
  // What was pulled is heard afterwards; that is not waited for.
  void Stop() override;
  std::chrono::nanoseconds latency() const override;
  int64_t underruns() const override;
  std::string description() const override;
  std::string problem() const override;

 private:
  const std::shared_ptr<PulsePlayer> player_;
  const PulseStreamSpec spec_;
  const std::shared_ptr<CardPull> pull_;
  PulseStream* stream_ = nullptr;
  int64_t underruns_ = 0;  // once it is stopped
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_PULSE_SINK_H_
