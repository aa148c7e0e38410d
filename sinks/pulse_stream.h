#ifndef EARSHOT_SINKS_PULSE_STREAM_H_
#define EARSHOT_SINKS_PULSE_STREAM_H_

#include <pulse/pulseaudio.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "codec/channel_layout.h"
#include "sinks/card_pull.h"
#include "sinks/latency_meter.h"
#include "sinks/pulse_connection.h"

namespace earshot {

// What a playback stream at the sound server is to be.
struct PulseStreamSpec {
  std::string name;    // for people, and for what the server remembers of it
  std::string device;  // the server's sink; empty: its default
  int rate_hz = 48000;
  ChannelLayout layout = LayoutOf(2);
  CardLatency latency = CardLatency::kUsual;

  bool operator==(const PulseStreamSpec&) const = default;
};

// One playback stream at the sound server: plays what a CardPull pulls, as the
// server asks for it. It is opened again when the server comes back or gets
// its device back. Channels that its device has no loudspeaker for are the
// sound server's affair, which knows what it has: it remixes them. Between two
// epochs it plays silence for a moment, and is then corked, so that the next
// beep finds it there; volume and mute are the sound server's affair.
//
// Thread: the loop's, or any that holds LoopLock; problem() and latency() any.
class PulseStream {
 public:
  // `expired` is called when nobody wanted it for a while; it may delete it.
  PulseStream(PulseConnection* connection, PulseStreamSpec spec,
              std::function<void(PulseStream*)> expired);
  ~PulseStream();

  PulseStream(const PulseStream&) = delete;
  PulseStream& operator=(const PulseStream&) = delete;

  const PulseStreamSpec& spec() const { return spec_; }
  bool attached() const { return pull_ != nullptr; }

  // Plays from `pull` from now on.
  void Attach(std::shared_ptr<CardPull> pull);
  // What was pulled is still heard; the stream waits to be attached again.
  void Detach();
  // Nobody will attach it again.
  void Retire();

  // The connection stands, or is lost.
  void ConnectionChanged();

  std::string problem() const;
  // From pull to ear, on average over time; 0 while unknown.
  std::chrono::nanoseconds latency() const { return latency_.latency(); }
  // How often the server had nothing to play, since Attach().
  int64_t underflows() const { return underflows_; }

 private:
  static void OnState(pa_stream* stream, void* self);
  static void OnWrite(pa_stream* stream, size_t bytes, void* self);
  static void OnUnderflow(pa_stream* stream, void* self);
  static void OnTiming(pa_stream* stream, void* self);

  void Open();
  void Close();
  void Failed();
  void Write(size_t bytes);
  void MeasureLatency(std::chrono::nanoseconds written);
  void Cork(bool corked);
  // Calls `then` unless another timer is set or Attach() comes first.
  void SetTimer(std::chrono::milliseconds delay, void (PulseStream::*then)());
  void CorkIdle();
  void Expire() { expired_(this); }
  void SetProblem(std::string problem);

  PulseConnection* const connection_;
  const PulseStreamSpec spec_;
  const std::function<void(PulseStream*)> expired_;
  std::shared_ptr<CardPull> pull_;
  pa_stream* stream_ = nullptr;
  bool corked_ = false;
  pa_time_event* timer_ = nullptr;
  void (PulseStream::*then_)() = nullptr;
  std::atomic<int64_t> underflows_ = 0;
  bool timing_known_ = false;  // and not outdated

  LatencyMeter latency_;
  mutable std::mutex problem_mutex_;  // guards problem_
  std::string problem_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_PULSE_STREAM_H_
