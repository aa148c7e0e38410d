#include "server/stream_lookup.h"

#include "absl/strings/str_cat.h"
#include "server/access/permission.h"
#include "server/request_check.h"

namespace earshot {

Refusal CheckMaySeeStream(const Caller& caller, const std::string& name) {
  std::string vm;
  std::string id;
  const Refusal refusal = CheckStreamName(name, "name", &vm, &id);
  return refusal.ok() ? CheckMaySee(caller, vm, "name") : refusal;
}

Refusal NoStream(const std::string& name) {
  return {Reason::kNotFound, "name", absl::StrCat("no stream ", name)};
}

}  // namespace earshot
