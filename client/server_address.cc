#include "client/server_address.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace earshot {
namespace {

constexpr char kUnixScheme[] = "unix:";

bool IsHostAndPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) return false;
  if (absl::StrContains(text, "/")) return false;
  int port = 0;
  return absl::SimpleAtoi(text.substr(colon + 1), &port) && port >= 1 &&
         port <= 65535;
}

bool IsServerAddress(absl::string_view address) {
  absl::string_view rest = address;
  if (absl::ConsumePrefix(&rest, kUnixScheme)) return !rest.empty();
  const bool is_name = absl::ConsumePrefix(&rest, kDnsScheme);
  return IsHostAndPort(rest) &&
         !(is_name && absl::StartsWith(rest, kUnixScheme));
}

}  // namespace

absl::Status CheckServerAddress(absl::string_view address) {
  if (IsServerAddress(address)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a server is host:port or unix:/path, or dns:///host:port, not \"",
      address, "\""));
}

absl::Status CheckServerAddresses(absl::string_view addresses) {
  for (const absl::string_view address : absl::StrSplit(addresses, ',')) {
    absl::Status status = CheckServerAddress(address);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace earshot
