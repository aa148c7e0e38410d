#ifndef EARSHOT_SERVER_ACCESS_PATTERN_H_
#define EARSHOT_SERVER_ACCESS_PATTERN_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace earshot {

// A text in which one "*" may stand for any text, also for none. A value.
class Pattern {
 public:
  // All behind the first "*" is taken as it is: CheckPrincipal() and CheckVms()
  // let no second one in.
  explicit Pattern(absl::string_view text);

  bool has_star() const { return has_star_; }
  std::string text() const;

  bool Fits(absl::string_view text) const;
  // What the "*" stands for; nothing if the pattern does not fit. Empty without
  // a "*".
  std::optional<std::string> Captured(absl::string_view text) const;

 private:
  std::string prefix_;
  bool has_star_ = false;
  std::string suffix_;
};

// Whether `principal` is a pattern of identities as GetIdentity shows them; an
// error says what is allowed.
absl::Status CheckPrincipal(absl::string_view principal);

// Whether `vms` is a pattern of VMs, in which "{*}" may stand for what the "*"
// of the principal stands for; an error says what is allowed.
absl::Status CheckVms(absl::string_view vms);
bool UsesCaptured(absl::string_view vms);

// The pattern with "{*}" filled in. Nothing if no VM can have such a name: what
// a certificate says is no pattern, whatever it is.
std::optional<Pattern> FillIn(absl::string_view vms,
                              absl::string_view captured);

// Whether an identity may be used: visible ASCII without quotes and
// backslashes, so that it can be written into a log and a policy as it is.
bool IsIdentityText(absl::string_view text);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_PATTERN_H_
