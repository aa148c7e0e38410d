#include "client/cli/identity_text.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/cli/terminal.h"

namespace earshot {
namespace {

using Patterns = google::protobuf::RepeatedPtrField<std::string>;

std::string Vms(const Patterns& patterns) {
  if (patterns.empty()) return "none";
  return absl::StrJoin(patterns, ", ", [](std::string* out, const auto& one) {
    absl::StrAppend(out, one == "*" ? "every VM" : one);
  });
}

// Who plays as a VM sees it, too.
std::string SeenVms(const v1::GetIdentityResponse& identity) {
  if (identity.is_operator()) return "every VM";
  if (identity.listener_vms().empty()) return "the same";
  return absl::StrCat("the same, and ", Vms(identity.listener_vms()));
}

}  // namespace

std::string IdentityText(const v1::GetIdentityResponse& identity,
                         const std::string& server) {
  std::string text = absl::StrCat(
      "You are ", Printable(identity.principal()), " to ", Printable(server),
      identity.transport().empty()
          ? ""
          : absl::StrCat(", over ", Printable(identity.transport())),
      ", coming from ", Printable(identity.peer()), ".\n");
  if (identity.identities_size() > 1) {
    absl::StrAppend(&text, "Your credentials prove: ",
                    Printable(absl::StrJoin(identity.identities(), ", ")),
                    "\n");
  }
  absl::StrAppend(
      &text, "You may play as: ", Printable(Vms(identity.player_vms())),
      "\nYou may see and hear: ", Printable(SeenVms(identity)), "\n",
      identity.is_operator()
          ? "You are an operator: you may see and change everything.\n"
          : "You are no operator.\n",
      "The server is earshot-server ", Printable(identity.server_version()),
      ".\n");
  return text;
}

bool FitsOne(const Patterns& patterns, const std::string& name) {
  return std::any_of(
      patterns.begin(), patterns.end(), [&name](const std::string& pattern) {
        const size_t star = pattern.find('*');
        if (star == std::string::npos) return pattern == name;
        const absl::string_view before(pattern.data(), star);
        const absl::string_view after =
            absl::string_view(pattern).substr(star + 1);
        return name.size() >= before.size() + after.size() &&
               absl::StartsWith(name, before) && absl::EndsWith(name, after);
      });
}

}  // namespace earshot
