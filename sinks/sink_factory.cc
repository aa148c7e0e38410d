#include "sinks/sink_factory.h"

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sinks/alsa_sink.h"
#include "sinks/null_sink.h"
#include "sinks/pulse_player.h"
#include "sinks/pulse_sink.h"
#include "sinks/recording_name.h"
#include "sinks/wav_sink.h"

namespace earshot {

absl::StatusOr<SinkFactory> SinkFactory::Create(absl::string_view text) {
  absl::string_view rest = text;
  if (text == "null") {
    return SinkFactory(text, [](const SinkRequest& request) {
      return std::make_unique<NullSink>(
          request.rate_hz, static_cast<int>(request.layout.size()));
    });
  }
  if (absl::ConsumePrefix(&rest, "wav:") && !rest.empty()) {
    absl::StatusOr<MakeSink> make = MakeWav(std::string(rest));
    if (!make.ok()) return make.status();
    return SinkFactory(text, *std::move(make));
  }
  if (text == "pulse") return SinkFactory(text, MakePulse(""));
  if (absl::ConsumePrefix(&rest, "pulse:") && !rest.empty()) {
    return SinkFactory(text, MakePulse(std::string(rest)));
  }
  if (text == "alsa") return SinkFactory(text, MakeAlsa("default"));
  if (absl::ConsumePrefix(&rest, "alsa:") && !rest.empty()) {
    return SinkFactory(text, MakeAlsa(std::string(rest)));
  }
  return absl::InvalidArgumentError(
      "allowed are null, wav:DIR, pulse[:SINK] and alsa[:PCM]");
}

absl::StatusOr<SinkFactory::MakeSink> SinkFactory::MakeWav(
    const std::string& folder) {
  const std::filesystem::path path(folder);
  std::error_code error;
  std::filesystem::create_directories(path, error);
  std::error_code ignored;  // is_directory() says no, and create said why
  if (!std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no folder ", folder, error ? ": " + error.message() : std::string()));
  }
  return [path](const SinkRequest& request) {
    const std::filesystem::path stem =
        path /
        RecordingStem(request.vm, request.stream, request.time, request.epoch);
    return std::make_unique<WavSink>(
        WavFile::Create(stem.string(), request.rate_hz, request.layout),
        request.rate_hz, request.layout);
  };
}

SinkFactory::MakeSink SinkFactory::MakePulse(std::string device) {
  return [device = std::move(device), player = std::make_shared<PulsePlayer>()](
             const SinkRequest& request) {
    return std::make_unique<PulseSink>(
        player,
        PulseStreamSpec{
            absl::StrCat("vms/", request.vm, "/streams/", request.stream),
            device, request.rate_hz, request.layout, request.latency},
        request.patience);
  };
}

SinkFactory::MakeSink SinkFactory::MakeAlsa(std::string pcm) {
  return [pcm = std::move(pcm)](const SinkRequest& request) {
    return std::make_unique<AlsaSink>(pcm, request.rate_hz, request.layout,
                                      request.latency, request.patience);
  };
}

}  // namespace earshot
