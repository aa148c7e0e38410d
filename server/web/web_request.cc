#include "server/web/web_request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace earshot {
namespace {

// Nothing if there is a % that begins no byte.
std::optional<std::string> Unescape(absl::string_view text, bool plus) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus) {
      plain += ' ';
    } else if (text[i] != '%') {
      plain += text[i];
    } else {
      if (i + 2 >= text.size() || !absl::ascii_isxdigit(text[i + 1]) ||
          !absl::ascii_isxdigit(text[i + 2])) {
        return std::nullopt;
      }
      plain += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    }
  }
  return plain;
}

std::vector<absl::string_view> Offered(const WebRequest& request) {
  std::vector<absl::string_view> offered =
      absl::StrSplit(request.subprotocols, ',');
  for (absl::string_view& one : offered) {
    one = absl::StripAsciiWhitespace(one);
  }
  return offered;
}

}  // namespace

std::optional<WebTarget> ParseTarget(absl::string_view target) {
  if (!absl::StartsWith(target, "/")) return std::nullopt;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(target, absl::MaxSplits('?', 1));
  const auto path = Unescape(parts.first, /*plus=*/false);
  if (!path.has_value()) return std::nullopt;
  WebTarget parsed{*path, ""};
  for (absl::string_view term : absl::StrSplit(parts.second, '&')) {
    if (!absl::ConsumePrefix(&term, "filter=")) continue;
    const auto filter = Unescape(term, /*plus=*/true);
    if (!filter.has_value()) return std::nullopt;
    parsed.filter = *filter;
  }
  return parsed;
}

CallCredentials CredentialsOf(const WebRequest& request) {
  CallCredentials credentials;
  credentials.authorization = request.authorization;
  credentials.uris = request.uris;
  credentials.dns_names = request.dns_names;
  for (absl::string_view offered : Offered(request)) {
    std::string token;
    if (!absl::ConsumePrefix(&offered, kTokenSubprotocol)) continue;
    // What is no Base64 is no token that anybody has.
    absl::WebSafeBase64Unescape(offered, &token);
    credentials.authorization.push_back(absl::StrCat("Bearer ", token));
  }
  return credentials;
}

bool OffersSubprotocol(const WebRequest& request) {
  const std::vector<absl::string_view> offered = Offered(request);
  return std::find(offered.begin(), offered.end(), kSubprotocol) !=
         offered.end();
}

bool IsOfThisOrigin(const WebRequest& request) {
  if (request.origin.empty()) return true;
  absl::string_view origin = request.origin;
  if (!absl::ConsumePrefix(&origin, "https://")) {
    absl::ConsumePrefix(&origin, "http://");
  }
  return absl::EqualsIgnoreCase(origin, request.host);
}

bool IsNearHost(absl::string_view host) {
  if (absl::StartsWith(host, "[")) return true;
  host = host.substr(0, host.rfind(':'));
  const bool is_ipv4 =
      !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return absl::ascii_isdigit(c) || c == '.';
      });
  return is_ipv4 || absl::EqualsIgnoreCase(host, "localhost") ||
         absl::EndsWithIgnoreCase(host, ".localhost");
}

}  // namespace earshot
