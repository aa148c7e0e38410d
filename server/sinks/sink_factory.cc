#include "server/sinks/sink_factory.h"

#include <ctime>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/sinks/null_sink.h"
#include "server/sinks/wav_sink.h"

namespace earshot {
namespace {

std::string UtcText(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

}  // namespace

absl::StatusOr<SinkFactory> SinkFactory::Create(absl::string_view text) {
  if (text == "null") return SinkFactory("null", "");
  absl::string_view folder = text;
  if (!absl::ConsumePrefix(&folder, "wav:") || folder.empty()) {
    return absl::InvalidArgumentError("allowed are null and wav:DIR");
  }
  const std::filesystem::path path{std::string(folder)};
  std::error_code error;
  std::filesystem::create_directories(path, error);
  std::error_code ignored;  // is_directory() says no, and create said why
  if (!std::filesystem::is_directory(path, ignored)) {
    return absl::InvalidArgumentError(
        absl::StrCat("no folder ", std::string(folder),
                     error ? ": " + error.message() : std::string()));
  }
  return SinkFactory(std::string(text), path.string());
}

std::unique_ptr<AudioSink> SinkFactory::Make(const SinkRequest& request) const {
  if (wav_folder_.empty()) {
    return std::make_unique<NullSink>(request.rate_hz, request.channels);
  }
  const std::filesystem::path stem =
      std::filesystem::path(wav_folder_) /
      absl::StrCat(request.vm, "-", request.stream, "-", UtcText(request.time),
                   "-e", request.epoch);
  return std::make_unique<WavSink>(
      WavFile::Create(stem.string(), request.rate_hz, request.channels),
      request.rate_hz, request.channels);
}

}  // namespace earshot
