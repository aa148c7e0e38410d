#ifndef EARSHOT_SERVER_SINKS_SINK_FACTORY_H_
#define EARSHOT_SERVER_SINKS_SINK_FACTORY_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/sinks/audio_sink.h"

namespace earshot {

// What a sink has to know of its epoch.
struct SinkRequest {
  std::string vm;      // of the stream's name, checked
  std::string stream;  // likewise: a number
  uint64_t epoch = 0;
  int rate_hz = 48000;
  int channels = 2;
  std::chrono::system_clock::time_point time;  // for the file's name
};

// Makes the sinks that --sink asks for: "null" or "wav:DIR". Any thread.
class SinkFactory {
 public:
  // An error, in words for a person, if the text is no sink. Creates DIR.
  static absl::StatusOr<SinkFactory> Create(absl::string_view text);

  // Never null: a sink in trouble says so itself.
  std::unique_ptr<AudioSink> Make(const SinkRequest& request) const;
  // As the flag said it.
  const std::string& text() const { return text_; }

 private:
  SinkFactory(std::string text, std::string wav_folder)
      : text_(std::move(text)), wav_folder_(std::move(wav_folder)) {}

  std::string text_;
  std::string wav_folder_;  // empty: the null sink
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_SINKS_SINK_FACTORY_H_
