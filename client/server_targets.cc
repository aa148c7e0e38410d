#include "client/server_targets.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "client/channel.h"

namespace earshot {

absl::StatusOr<ServerTargets> ServerTargets::Create(
    const std::string& servers, const SecurityOptions& security) {
  ServerTargets result;
  auto credentials = Credentials::Create(security);
  if (!credentials.ok()) return credentials.status();
  result.credentials_ = *std::move(credentials);
  for (const absl::string_view server : absl::StrSplit(servers, ',')) {
    auto channel = CreateChannel(std::string(server), result.credentials_);
    if (!channel.ok()) return channel.status();
    result.targets_.push_back({std::string(server), *std::move(channel), 1});
  }
  return result;
}

void ServerTargets::Renew() {
  Target& target = targets_[current_];
  target.version = credentials_.Look();
  if (auto channel = CreateChannel(target.address, credentials_);
      channel.ok()) {
    target.channel = *std::move(channel);
  }
}

void ServerTargets::RenewIfFilesChanged() {
  const Target& target = targets_[current_];
  if (credentials_.UsesTls(target.address) &&
      credentials_.Look() != target.version) {
    Renew();
  }
}

}  // namespace earshot
