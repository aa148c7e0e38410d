#ifndef EARSHOT_SERVER_SINKS_PULSE_SINK_H_
#define EARSHOT_SERVER_SINKS_PULSE_SINK_H_

#include <memory>
#include <string>

#include "server/sinks/audio_sink.h"
#include "server/sinks/card_pull.h"
#include "server/sinks/pulse_player.h"

namespace earshot {

// Plays an epoch on a sound server (PulseAudio, or PipeWire in its stead),
// whose sound card is the clock. While there is none, the epoch is played to
// nobody, at the right pace.
class PulseSink : public AudioSink {
 public:
  PulseSink(std::shared_ptr<PulsePlayer> player, PulseStreamSpec spec);
  ~PulseSink() override;

  void Start(SoundSource* source, MonotonicTime now) override;
  void Tick(MonotonicTime now) override;
  // What was pulled is heard afterwards; that is not waited for.
  void Stop() override;
  std::chrono::nanoseconds latency() const override;
  std::string description() const override;
  std::string problem() const override;

 private:
  const std::shared_ptr<PulsePlayer> player_;
  const PulseStreamSpec spec_;
  const std::shared_ptr<CardPull> pull_;
  PulseStream* stream_ = nullptr;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SINKS_PULSE_SINK_H_
