#ifndef EARSHOT_SERVER_ACCESS_CALLER_H_
#define EARSHOT_SERVER_ACCESS_CALLER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/access/pattern.h"

namespace earshot {

inline constexpr char kAnonymous[] = "anonymous";

// What grants give to a caller.
struct Roles {
  std::vector<Pattern> player;    // VMs
  std::vector<Pattern> listener;  // VMs
  bool is_operator = false;
};

// Whom the server takes a caller for, and what the policy of that moment gives
// him. A value; any thread.
class Caller {
 public:
  // Nobody: may do nothing.
  Caller() = default;
  // `identities` are one at least.
  Caller(std::vector<std::string> identities, Roles roles);
  // May do everything, as where there is no policy.
  static Caller Unlimited(std::vector<std::string> identities);

  // The identity that counts: of quotas, and of who may take a stream over.
  const std::string& principal() const { return identities_.front(); }
  // All that the credentials prove, as GetIdentity shows them.
  const std::vector<std::string>& identities() const { return identities_; }

  // By the {vm} of vms/{vm}/streams/{id}.
  bool MayPlay(const std::string& vm) const;
  // Players see what they play.
  bool MaySee(const std::string& vm) const;
  // Whether there may be any that he may see.
  bool MaySeeAny() const;
  bool is_operator() const { return roles_.is_operator; }

  // What GetIdentity shows of it.
  std::vector<std::string> player_vms() const;
  std::vector<std::string> listener_vms() const;

 private:
  std::vector<std::string> identities_ = {kAnonymous};
  Roles roles_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_CALLER_H_
