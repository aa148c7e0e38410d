// Any words as the server's command line, one a line: each is taken or refused
// in one line, and what is taken is within its bounds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "server/server_flags.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> words;
  for (const absl::string_view word : absl::StrSplit(
           absl::string_view(reinterpret_cast<const char*>(data), size),
           '\n')) {
    words.emplace_back(word);
  }
  const auto flags = earshot::ParseServerFlags(words);
  if (!flags.ok()) {
    if (!absl::IsInvalidArgument(flags.status())) std::abort();
    return 0;
  }
  if (flags->program.help || flags->program.version) return 0;
  const earshot::MarginLimits& margin = flags->margin;
  if (margin.floor.count() < 1 || margin.floor > margin.ceiling ||
      margin.ceiling.count() > 500 || flags->drain_timeout.count() < 0 ||
      flags->resume_timeout.count() < 0) {
    std::abort();
  }
  return 0;
}
