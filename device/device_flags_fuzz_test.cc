// Any words as the device's command line, one a line: each is taken or refused
// in one line, and what is taken is within the contract's bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "device/device_flags.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> words = {"earshot-device"};
  for (const absl::string_view word : absl::StrSplit(
           absl::string_view(reinterpret_cast<const char*>(data), size),
           '\n')) {
    // The words of a command line end at a zero.
    words.emplace_back(word.substr(0, word.find('\0')));
  }
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  const auto flags =
      earshot::ParseDeviceFlags(static_cast<int>(argv.size()), argv.data());
  if (!flags.ok()) {
    if (!absl::IsInvalidArgument(flags.status())) std::abort();
    return 0;
  }
  if (flags->program.help || flags->program.version) return 0;
  if (flags->labels.size() > 16) std::abort();
  for (const auto& [key, value] : flags->labels) {
    if (key.empty() || key.size() > 63 || value.size() > 63) std::abort();
  }
  return 0;
}
