#include "sinks/recording_name.h"

#include <ctime>
#include <regex>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

std::string UtcText(std::chrono::system_clock::time_point time,
                    const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), format, &parts);
  return text;
}

}  // namespace

std::string RecordingStem(const std::string& vm, const std::string& stream,
                          std::chrono::system_clock::time_point time,
                          uint64_t epoch) {
  return absl::StrCat(vm, "-", stream, "-", UtcText(time, "%Y%m%dT%H%M%SZ"),
                      "-e", epoch);
}

bool IsRecordingName(const std::string& file_name) {
  static const std::regex* const kName = new std::regex(
      "[A-Za-z0-9._-]+-[0-9]+-[0-9]{8}T[0-9]{6}Z-e[0-9]+(-[0-9]+)?"
      "\\.(opus|flac)");
  return file_name.size() < 256 && std::regex_match(file_name, *kName);
}

std::string UtcDate(std::chrono::system_clock::time_point time) {
  return UtcText(time, "%Y-%m-%dT%H:%M:%SZ");
}

}  // namespace earshot
