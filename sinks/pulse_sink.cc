#include "sinks/pulse_sink.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace earshot {

PulseSink::PulseSink(std::shared_ptr<PulsePlayer> player, PulseStreamSpec spec,
                     std::chrono::milliseconds patience)
    : player_(std::move(player)),
      spec_(std::move(spec)),
      pull_(std::make_shared<CardPull>(
          spec_.rate_hz, static_cast<int>(spec_.layout.size()), patience)) {}

PulseSink::~PulseSink() { Stop(); }

void PulseSink::Start(SoundSource* source, MonotonicTime now) {
  pull_->Start(source, now);
  stream_ = player_->Play(spec_, pull_);
}

void PulseSink::Tick(MonotonicTime now) { pull_->Tick(now); }

void PulseSink::Stop() {
  pull_->Stop();
  if (stream_ == nullptr) return;
  underruns_ = player_->GiveBack(std::exchange(stream_, nullptr));
  if (underruns_ == 0) return;
  spdlog::info("sound server ran dry stream={} times={}", spec_.name,
               underruns_);
}

std::chrono::nanoseconds PulseSink::latency() const {
  if (stream_ == nullptr || pull_->paced()) return std::chrono::nanoseconds(0);
  return stream_->latency();
}

int64_t PulseSink::underruns() const {
  return stream_ != nullptr ? stream_->underflows() : underruns_;
}

std::string PulseSink::description() const {
  return spec_.device.empty() ? "pulse" : "pulse:" + spec_.device;
}

std::string PulseSink::problem() const {
  if (stream_ == nullptr) return "";
  std::string problem = player_->ProblemOf(*stream_);
  if (problem.empty() && pull_->paced()) {
    problem = "PulseAudio does not ask for sound: it hangs, or is suspended";
  }
  return problem;
}

}  // namespace earshot
