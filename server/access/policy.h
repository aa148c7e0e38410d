#ifndef EARSHOT_SERVER_ACCESS_POLICY_H_
#define EARSHOT_SERVER_ACCESS_POLICY_H_

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "server/access/caller.h"
#include "server/access/pattern.h"
#include "server/access/quotas.h"

namespace earshot {

// A grant as the policy says it, checked.
struct PolicyGrant {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> principals;
  std::vector<std::string> player;
  std::vector<std::string> listener;
  bool is_operator = false;
};

// Who may do what, and how much: a policy file of policy.proto, checked. Never
// changes: a snapshot that any thread may use.
class Policy {
 public:
  // An error is "line:column: what is wrong; what is allowed".
  static absl::StatusOr<std::shared_ptr<const Policy>> Parse(
      const std::string& text);

  // What the grants give to somebody with these identities, one at least: all
  // that any grant gives to any of them.
  Caller Admit(std::vector<std::string> identities) const;

  const std::vector<PolicyGrant>& grants() const { return grants_; }
  const Quotas& quotas() const { return quotas_; }

 private:
  struct Star {
    Pattern principal;
    size_t grant;
  };

  Policy() = default;

  void AddGrant(PolicyGrant grant);

  std::vector<PolicyGrant> grants_;
  // Which of them are for whom: a policy may name thousands of principals.
  std::unordered_multimap<std::string, size_t> exact_;
  std::vector<Star> stars_;
  Quotas quotas_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_POLICY_H_
