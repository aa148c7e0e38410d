#include "server/access/caller.h"

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

bool AnyFits(const std::vector<Pattern>& patterns, const std::string& vm) {
  return std::any_of(
      patterns.begin(), patterns.end(),
      [&vm](const Pattern& pattern) { return pattern.Fits(vm); });
}

std::vector<std::string> Texts(const std::vector<Pattern>& patterns) {
  std::vector<std::string> texts;
  for (const Pattern& pattern : patterns) texts.push_back(pattern.text());
  return texts;
}

}  // namespace

Caller::Caller(std::vector<std::string> identities, Roles roles)
    : identities_(std::move(identities)), roles_(std::move(roles)) {}

Caller Caller::Unlimited(std::vector<std::string> identities) {
  const Pattern all("*");
  return Caller(std::move(identities), {{all}, {all}, true});
}

bool Caller::MayPlay(const std::string& vm) const {
  return AnyFits(roles_.player, vm);
}

bool Caller::MaySee(const std::string& vm) const {
  return roles_.is_operator || AnyFits(roles_.listener, vm) || MayPlay(vm);
}

bool Caller::MaySeeAny() const {
  return roles_.is_operator || !roles_.listener.empty() ||
         !roles_.player.empty();
}

std::vector<std::string> Caller::player_vms() const {
  return Texts(roles_.player);
}

std::vector<std::string> Caller::listener_vms() const {
  return roles_.is_operator ? std::vector<std::string>{"*"}
                            : Texts(roles_.listener);
}

}  // namespace earshot
