// Any text as a policy file: it is taken or refused with a place, and what is
// taken gives nobody more than it says.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "server/access/policy.h"

namespace {

void Expect(bool good) {
  if (!good) std::abort();
}

// "line:column: what is wrong".
bool HasPlace(const std::string& message) {
  const size_t colon = message.find(':');
  return colon != std::string::npos && colon > 0 &&
         absl::ascii_isdigit(static_cast<unsigned char>(message[0])) &&
         absl::ascii_isdigit(static_cast<unsigned char>(message[colon + 1]));
}

void CheckPolicy(const earshot::Policy& policy) {
  const earshot::Quotas& quotas = policy.quotas();
  Expect(quotas.max_streams >= 1 && quotas.max_streams <= 1000);
  Expect(quotas.max_streams_per_principal >= 0);
  Expect(quotas.max_bytes_per_second >= 0 && quotas.max_connections >= 0);
  Expect(!policy.grants().empty());
  bool operators = false;
  for (const auto& grant : policy.grants()) {
    operators = operators || grant.is_operator;
    Expect(!grant.principals.empty());
    for (const std::string& principal : grant.principals) {
      const earshot::Caller caller = policy.Admit({principal});
      Expect(caller.principal() == principal);
      // What the "*" of a pattern stands for is itself, which fits it.
      Expect(!grant.is_operator || caller.is_operator());
    }
  }
  const earshot::Caller nobody = policy.Admit({"nobody:*"});
  Expect(operators || !nobody.is_operator());
  // What the "*" stands for is no pattern.
  for (const std::string& vm : nobody.player_vms()) {
    Expect(!absl::StrContains(vm, "{") && !absl::StrContains(vm, ":"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto policy = earshot::Policy::Parse(
      std::string(reinterpret_cast<const char*>(data), size));
  if (policy.ok()) {
    CheckPolicy(**policy);
  } else {
    Expect(absl::IsInvalidArgument(policy.status()) &&
           HasPlace(std::string(policy.status().message())));
  }
  return 0;
}
