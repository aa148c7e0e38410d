#include "deploy/kubevirt/hook/vm_name.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace earshot {
namespace {

using google::protobuf::Struct;

constexpr size_t kMaxBytes = 63;

// FNV-1a: names are no secrets, and few are so long.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

std::string Text(const Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? "" : found->second.string_value();
}

// As Kubernetes has them, which the contract takes, too.
bool IsName(absl::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                  c == '.' || c == '-';
         });
}

}  // namespace

absl::StatusOr<std::string> VmName(const std::string& vmi_json) {
  Struct vmi;
  if (!google::protobuf::util::JsonStringToMessage(vmi_json, &vmi).ok()) {
    return absl::InvalidArgumentError(
        "the VirtualMachineInstance is no JSON object");
  }
  const auto metadata = vmi.fields().find("metadata");
  std::string space, name;
  if (metadata != vmi.fields().end()) {
    space = Text(metadata->second.struct_value(), "namespace");
    name = Text(metadata->second.struct_value(), "name");
  }
  if (!IsName(space) || !IsName(name)) {
    return absl::InvalidArgumentError(
        "the VirtualMachineInstance's metadata has no namespace and name as "
        "Kubernetes has them");
  }
  const std::string whole = absl::StrCat(space, ".", name);
  if (whole.size() <= kMaxBytes) return whole;
  const std::string hash =
      absl::StrCat("-", absl::Hex(Hash(whole), absl::kZeroPad16));
  return whole.substr(0, kMaxBytes - hash.size()) + hash;
}

}  // namespace earshot
