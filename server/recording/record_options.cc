#include "server/recording/record_options.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace earshot {
namespace {

constexpr std::pair<absl::string_view, int64_t> kSizes[] = {
    {"K", int64_t{1} << 10},
    {"M", int64_t{1} << 20},
    {"G", int64_t{1} << 30},
    {"T", int64_t{1} << 40}};
constexpr std::pair<absl::string_view, int64_t> kAges[] = {
    {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
constexpr int64_t kMost = int64_t{1} << 60;

// A whole number of `unit`.
std::optional<int64_t> Times(absl::string_view number, int64_t unit) {
  int64_t count = 0;
  if (number.find_first_not_of("0123456789") != number.npos ||
      !absl::SimpleAtoi(number, &count) || count > kMost / unit) {
    return std::nullopt;
  }
  return count * unit;
}

}  // namespace

std::optional<int64_t> ParseSize(absl::string_view text) {
  for (const auto& [suffix, unit] : kSizes) {
    if (absl::ConsumeSuffix(&text, suffix)) return Times(text, unit);
  }
  return Times(text, 1);
}

std::optional<DiskReserve> ParseReserve(absl::string_view text) {
  DiskReserve reserve;
  if (absl::ConsumeSuffix(&text, "%")) {
    double percent = 0;
    if (!absl::SimpleAtod(text, &percent) || !(percent >= 0) || percent > 100) {
      return std::nullopt;
    }
    reserve.fraction = percent / 100;
    return reserve;
  }
  const auto bytes = ParseSize(text);
  if (!bytes.has_value()) return std::nullopt;
  reserve.bytes = *bytes;
  return reserve;
}

std::optional<std::chrono::seconds> ParseAge(absl::string_view text) {
  for (const auto& [suffix, unit] : kAges) {
    if (!absl::ConsumeSuffix(&text, suffix)) continue;
    const auto seconds = Times(text, unit);
    // A hundred years: sums with it do not overflow.
    if (!seconds.has_value() || *seconds > 36500LL * 86400) break;
    return std::chrono::seconds(*seconds);
  }
  return std::nullopt;
}

std::string SizeText(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes) / 1024;
  const char* unit = "KiB";
  for (const char* larger : {"MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

}  // namespace earshot
