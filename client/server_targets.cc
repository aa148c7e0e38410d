#include "client/server_targets.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/channel.h"
#include "client/server_address.h"

namespace earshot {

absl::StatusOr<ServerTargets> ServerTargets::Create(
    const std::string& servers, const SecurityOptions& security) {
  ServerTargets result;
  auto credentials = Credentials::Create(security);
  if (!credentials.ok()) return credentials.status();
  result.credentials_ = *std::move(credentials);
  for (absl::string_view server : absl::StrSplit(servers, ',')) {
    const std::string address(server);
    std::string name;
    if (absl::ConsumePrefix(&server, kDnsScheme)) name = std::string(server);
    auto target = result.Make(address, name);
    if (!target.ok()) return target.status();
    result.targets_.push_back(*std::move(target));
    if (!name.empty()) result.names_.push_back(std::move(name));
  }
  return result;
}

absl::StatusOr<ServerTargets::Target> ServerTargets::Make(
    std::string address, std::string name) const {
  auto channel = CreateChannel(address, credentials_, name);
  if (!channel.ok()) return channel.status();
  return Target{std::move(address), *std::move(channel), 1, std::move(name)};
}

void ServerTargets::Renew() {
  Target& target = targets_[current_];
  target.version = credentials_.Look();
  if (auto made = Make(target.address, target.name); made.ok()) {
    target.channel = std::move(made->channel);
  }
}

void ServerTargets::RenewIfFilesChanged() {
  const Target& target = targets_[current_];
  if (credentials_.UsesTls(target.name.empty() ? target.address
                                               : target.name) &&
      credentials_.Look() != target.version) {
    Renew();
  }
}

bool ServerTargets::IsUnknown() const {
  const Target& target = targets_[current_];
  return !target.name.empty() && target.address == kDnsScheme + target.name;
}

void ServerTargets::Learn(const std::string& name,
                          const std::vector<std::string>& addresses) {
  if (addresses.empty()) return;
  const auto is_of_name = [&name](const Target& target) {
    return target.name == name;
  };
  const auto first = std::find_if(targets_.begin(), targets_.end(), is_of_name);
  if (first == targets_.end()) return;
  const Target in_use = targets_[current_];
  const bool replaces_unknown = IsUnknown();
  const auto is_wanted = [&](const Target& target) {
    return !is_of_name(target) || (target.address == in_use.address &&
                                   !(replaces_unknown && is_of_name(target)));
  };
  std::vector<Target> fresh;
  for (const std::string& address : addresses) {
    const auto known =
        std::find_if(targets_.begin(), targets_.end(), [&](const Target& one) {
          return is_of_name(one) && one.address == address;
        });
    if (known != targets_.end()) {
      if (!is_wanted(*known)) fresh.push_back(*known);
    } else if (auto target = Make(address, name); target.ok()) {
      target->version = credentials_.Look();
      fresh.push_back(*std::move(target));
    }
  }
  std::shuffle(fresh.begin(), fresh.end(), random_);
  // Those of the name follow each other, the one in use before the rest.
  std::vector<Target> targets(targets_.begin(), first);
  if (is_of_name(in_use) && !replaces_unknown) targets.push_back(in_use);
  targets.insert(targets.end(), fresh.begin(), fresh.end());
  std::copy_if(first, targets_.end(), std::back_inserter(targets),
               [&](const Target& target) { return !is_of_name(target); });
  if (std::none_of(targets.begin(), targets.end(), is_of_name)) return;
  targets_ = std::move(targets);
  const auto current =
      std::find_if(targets_.begin(), targets_.end(), [&](const Target& one) {
        return one.name == in_use.name &&
               (one.address == in_use.address ||
                (replaces_unknown && is_of_name(one)));
      });
  current_ = current == targets_.end()
                 ? 0
                 : static_cast<size_t>(current - targets_.begin());
}

}  // namespace earshot
