#ifndef EARSHOT_SERVER_ACCESS_POLICY_PARSER_H_
#define EARSHOT_SERVER_ACCESS_POLICY_PARSER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/access/policy.h"
#include "server/access/quotas.h"

namespace earshot {

// What a policy file says.
struct ParsedPolicy {
  std::vector<PolicyGrant> grants;
  Quotas quotas;
};

// Parses and checks. An error is "line:column: what is wrong; what is allowed".
absl::StatusOr<ParsedPolicy> ParsePolicy(const std::string& text);

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_POLICY_PARSER_H_
