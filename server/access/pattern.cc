#include "server/access/pattern.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace earshot {
namespace {

constexpr size_t kMaxTextBytes = 512;
constexpr size_t kMaxVmBytes = 63;  // of a stream's name
constexpr absl::string_view kCaptured = "{*}";
constexpr absl::string_view kPrincipals =
    "a principal is \"anonymous\", \"dns:NAME\", \"token:SUBJECT\", "
    "\"jwt:SUBJECT\" or a URI such as \"spiffe://example.org/vm/a\", in which "
    "one \"*\" stands for any text";
constexpr absl::string_view kVms =
    "VMs are named by at most 63 of [A-Za-z0-9._-]; one \"*\" stands for any "
    "text, \"{*}\" for what the principal's \"*\" stands for";

bool IsVmText(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

// RFC 3986, 3.1; without what stands for identities of other kinds.
bool IsUri(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon == 0 ||
      colon + 1 == text.size() ||
      !absl::ascii_isalpha(static_cast<unsigned char>(text[0]))) {
    return false;
  }
  const absl::string_view scheme = text.substr(0, colon);
  return std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '+' || c == '-' || c == '.';
  });
}

absl::Status NotAllowed(absl::string_view text, absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is none: ", allowed));
}

}  // namespace

Pattern::Pattern(absl::string_view text) {
  const size_t star = text.find('*');
  has_star_ = star != absl::string_view::npos;
  prefix_ = std::string(text.substr(0, star));
  if (has_star_) suffix_ = std::string(text.substr(star + 1));
}

std::string Pattern::text() const {
  return has_star_ ? absl::StrCat(prefix_, "*", suffix_) : prefix_;
}

bool Pattern::Fits(absl::string_view text) const {
  if (!has_star_) return text == absl::string_view(prefix_);
  return text.size() >= prefix_.size() + suffix_.size() &&
         absl::StartsWith(text, prefix_) && absl::EndsWith(text, suffix_);
}

std::optional<std::string> Pattern::Captured(absl::string_view text) const {
  if (!Fits(text)) return std::nullopt;
  if (!has_star_) return std::string();
  return std::string(text.substr(
      prefix_.size(), text.size() - prefix_.size() - suffix_.size()));
}

absl::Status CheckPrincipal(absl::string_view principal) {
  const size_t star = principal.find('*');
  if (principal.size() > kMaxTextBytes || !IsIdentityText(principal) ||
      principal.find('*', star == absl::string_view::npos ? star : star + 1) !=
          absl::string_view::npos) {
    return NotAllowed(principal, kPrincipals);
  }
  // A "*" in the kind of the identity leaves open which it is.
  if (principal == "anonymous" || star < principal.find(':') ||
      IsUri(principal)) {
    return absl::OkStatus();
  }
  return NotAllowed(principal, kPrincipals);
}

absl::Status CheckVms(absl::string_view vms) {
  const std::string rest = absl::StrReplaceAll(vms, {{kCaptured, ""}});
  const std::string names = absl::StrReplaceAll(rest, {{"*", ""}});
  if (vms.empty() || vms.size() > kMaxTextBytes ||
      rest.size() > names.size() + 1 || names.size() > kMaxVmBytes ||
      !IsVmText(names)) {
    return NotAllowed(vms, kVms);
  }
  return absl::OkStatus();
}

bool UsesCaptured(absl::string_view vms) {
  return absl::StrContains(vms, kCaptured);
}

std::optional<Pattern> FillIn(absl::string_view vms,
                              absl::string_view captured) {
  if (UsesCaptured(vms) && !IsVmText(captured)) return std::nullopt;
  const std::string filled = absl::StrReplaceAll(vms, {{kCaptured, captured}});
  if (filled.empty()) return std::nullopt;
  return Pattern(filled);
}

bool IsIdentityText(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return c > ' ' && c < 0x7f && c != '"' && c != '\\';
         });
}

}  // namespace earshot
