#include "client/server_targets.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "client/channel.h"

namespace earshot {

absl::StatusOr<ServerTargets> ServerTargets::Create(
    const std::string& servers) {
  ServerTargets result;
  for (const absl::string_view server : absl::StrSplit(servers, ',')) {
    auto channel = CreateChannel(std::string(server));
    if (!channel.ok()) return channel.status();
    result.targets_.push_back({std::string(server), *std::move(channel)});
  }
  return result;
}

void ServerTargets::Renew() {
  Target& target = targets_[current_];
  if (auto channel = CreateChannel(target.address); channel.ok()) {
    target.channel = *std::move(channel);
  }
}

}  // namespace earshot
