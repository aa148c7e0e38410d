#include "client/cli/stream_name.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/playback_flags.h"

namespace earshot {
namespace {

constexpr char kStreams[] = "streams";
constexpr size_t kMaxIdBytes = 9;

bool IsId(const std::string& id) {
  return !id.empty() && id.size() <= kMaxIdBytes &&
         std::all_of(id.begin(), id.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

bool IsKind(const std::string& kind) {
  return kind == kStreams || kind == "probes";
}

}  // namespace

absl::StatusOr<std::string> FullStreamName(const std::string& typed) {
  std::vector<std::string> parts = absl::StrSplit(typed, '/');
  if (parts.size() == 4 && parts[0] == "vms") parts.erase(parts.begin());
  if (parts.size() == 1) parts.push_back("0");
  if (parts.size() == 2) parts.insert(parts.begin() + 1, kStreams);
  if (parts.size() != 3 || !IsName(parts[0]) || !IsKind(parts[1]) ||
      !IsId(parts[2])) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", typed,
        "\" is no stream: allowed are VM, VM/NUMBER and "
        "vms/VM/streams/NUMBER, where VM is 1 to 63 of A-Z a-z 0-9 . _ -"));
  }
  return absl::StrCat("vms/", absl::StrJoin(parts, "/"));
}

std::string ShortStreamName(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "vms") return name;
  if (parts[2] != kStreams) {
    return absl::StrCat(parts[1], "/", parts[2], "/", parts[3]);
  }
  return parts[3] == "0" ? parts[1] : absl::StrCat(parts[1], "/", parts[3]);
}

}  // namespace earshot
