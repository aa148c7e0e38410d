#ifndef EARSHOT_SINKS_SINK_FACTORY_H_
#define EARSHOT_SINKS_SINK_FACTORY_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "codec/channel_layout.h"
#include "sinks/audio_sink.h"
#include "sinks/card_pull.h"

namespace earshot {

// What a sink has to know of its epoch.
struct SinkRequest {
  std::string vm;      // of the stream's name, checked
  std::string stream;  // likewise: a number
  uint64_t epoch = 0;
  int rate_hz = 48000;
  ChannelLayout layout = LayoutOf(2);
  std::chrono::system_clock::time_point time;  // for the file's name
  CardLatency latency = CardLatency::kUsual;
  // How long a card may be late before the clock pulls in its place, unheard.
  std::chrono::milliseconds patience = CardPull::kPatience;
};

// Makes the sinks that --sink asks for: "null", "wav:DIR", "pulse[:SINK]" or
// "alsa[:PCM]". Any thread.
class SinkFactory {
 public:
  // An error, in words for a person, if the text is no sink. Creates DIR;
  // connects to no sound server yet.
  static absl::StatusOr<SinkFactory> Create(absl::string_view text);

  // Never null: a sink in trouble says so itself.
  std::unique_ptr<AudioSink> Make(const SinkRequest& request) const {
    return make_(request);
  }
  // As the flag said it.
  const std::string& text() const { return text_; }

 private:
  using MakeSink =
      std::function<std::unique_ptr<AudioSink>(const SinkRequest&)>;

  SinkFactory(absl::string_view text, MakeSink make)
      : text_(text), make_(std::move(make)) {}

  static absl::StatusOr<MakeSink> MakeWav(const std::string& folder);
  static MakeSink MakePulse(std::string device);
  static MakeSink MakeAlsa(std::string pcm);

  std::string text_;
  MakeSink make_;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_SINK_FACTORY_H_
