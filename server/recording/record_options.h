#ifndef EARSHOT_SERVER_RECORDING_RECORD_OPTIONS_H_
#define EARSHOT_SERVER_RECORDING_RECORD_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace earshot {

enum class RecordFormat { kOpus, kFlac };

// How much a disk has to have left: the one or the other.
struct DiskReserve {
  int64_t bytes = 0;
  double fraction = 0;
};

// What is recorded, and what the disk bears.
struct RecordOptions {
  std::string folder;  // empty: nothing
  RecordFormat format = RecordFormat::kOpus;
  // With less than this, nothing is recorded.
  DiskReserve min_free;
  // Beyond these, the oldest recordings are deleted.
  std::optional<int64_t> max_bytes;
  std::optional<std::chrono::seconds> max_age;
};

// Such as "500M", "10G" or "1048576": K, M, G and T are powers of 1024. Nothing
// if it is no such thing.
std::optional<int64_t> ParseSize(absl::string_view text);
// A size, or a part of the disk such as "5%".
std::optional<DiskReserve> ParseReserve(absl::string_view text);
// Such as "30d", "12h", "90m" or "600s".
std::optional<std::chrono::seconds> ParseAge(absl::string_view text);
// Such as "1.5 GiB".
std::string SizeText(int64_t bytes);

}  // namespace earshot

#endif  // EARSHOT_SERVER_RECORDING_RECORD_OPTIONS_H_
