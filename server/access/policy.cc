#include "server/access/policy.h"

#include <utility>

#include "server/access/policy_parser.h"

namespace earshot {
namespace {

void Fill(const std::vector<std::string>& vms, const std::string& captured,
          std::vector<Pattern>* patterns) {
  for (const std::string& text : vms) {
    if (auto pattern = FillIn(text, captured)) {
      patterns->push_back(*std::move(pattern));
    }
  }
}

void Give(const PolicyGrant& grant, const std::string& captured, Roles* roles) {
  Fill(grant.player, captured, &roles->player);
  Fill(grant.listener, captured, &roles->listener);
  roles->is_operator = roles->is_operator || grant.is_operator;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Policy>> Policy::Parse(
    const std::string& text) {
  absl::StatusOr<ParsedPolicy> parsed = ParsePolicy(text);
  if (!parsed.ok()) return parsed.status();
  std::shared_ptr<Policy> policy(new Policy);
  policy->quotas_ = parsed->quotas;
  for (PolicyGrant& grant : parsed->grants) policy->AddGrant(std::move(grant));
  return std::shared_ptr<const Policy>(std::move(policy));
}

void Policy::AddGrant(PolicyGrant grant) {
  for (const std::string& principal : grant.principals) {
    Pattern pattern(principal);
    if (pattern.has_star()) {
      stars_.push_back({std::move(pattern), grants_.size()});
    } else {
      exact_.emplace(principal, grants_.size());
    }
  }
  grants_.push_back(std::move(grant));
}

Caller Policy::Admit(std::vector<std::string> identities) const {
  Roles roles;
  for (const std::string& identity : identities) {
    const auto [first, last] = exact_.equal_range(identity);
    for (auto it = first; it != last; ++it) {
      Give(grants_[it->second], "", &roles);
    }
    for (const Star& star : stars_) {
      if (const auto captured = star.principal.Captured(identity)) {
        Give(grants_[star.grant], *captured, &roles);
      }
    }
  }
  return Caller(std::move(identities), std::move(roles));
}

}  // namespace earshot
