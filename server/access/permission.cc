#include "server/access/permission.h"

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

Refusal Missing(const Caller& caller, const char* field, absl::string_view what,
                absl::string_view roles) {
  const std::string message =
      absl::StrCat(caller.principal(), " may not ", what,
                   ": the policy gives it no role ", roles);
  if (caller.principal() == kAnonymous) {
    return {Reason::kNoCredentials, field,
            absl::StrCat(message,
                         ", and the call has no credentials: neither a "
                         "certificate nor a token")};
  }
  return {Reason::kNotAllowed, field, message};
}

}  // namespace

Refusal CheckMayPlay(const Caller& caller, const std::string& vm,
                     const char* field) {
  if (caller.MayPlay(vm)) return Refusal::None();
  return Missing(caller, field, absl::StrCat("play as the VM ", vm),
                 absl::StrCat("player for ", vm));
}

Refusal CheckMaySee(const Caller& caller, const std::string& vm,
                    const char* field) {
  if (caller.MaySee(vm)) return Refusal::None();
  return Missing(caller, field, absl::StrCat("see the streams of the VM ", vm),
                 absl::StrCat("listener or player for ", vm, ", or operator"));
}

Refusal CheckMaySeeAny(const Caller& caller) {
  if (caller.MaySeeAny()) return Refusal::None();
  return Missing(caller, "", "see any streams",
                 "listener or player, or operator");
}

Refusal CheckMaySet(const Caller& caller, const std::string& vm,
                    const char* field) {
  if (caller.is_operator() || caller.MayPlay(vm)) return Refusal::None();
  return Missing(caller, field, absl::StrCat("set the volume of the VM ", vm),
                 absl::StrCat("player for ", vm, ", or operator"));
}

Refusal CheckIsOperator(const Caller& caller, const char* what,
                        const char* field) {
  if (caller.is_operator()) return Refusal::None();
  return Missing(caller, field, what, "operator");
}

}  // namespace earshot
