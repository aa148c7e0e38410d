#include "server/access/jwt_claims.h"

#include <jansson.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "server/access/pattern.h"

namespace earshot {
namespace {

constexpr double kLeewaySeconds = 30;
constexpr size_t kMaxSubjectBytes = 256;

struct JsonRelease {
  void operator()(json_t* json) const { json_decref(json); }
};

Refusal Bad(absl::string_view message) {
  return {Reason::kBadToken, "authorization", std::string(message)};
}

bool Is(const json_t* json, const std::string& text) {
  return json_is_string(json) &&
         absl::string_view(json_string_value(json), json_string_length(json)) ==
             absl::string_view(text);
}

// 4.1.3: a text, or several.
bool IsFor(const json_t* aud, const std::string& audience) {
  for (size_t i = 0; i < json_array_size(aud); ++i) {
    if (Is(json_array_get(aud, i), audience)) return true;
  }
  return Is(aud, audience);
}

Refusal CheckTimes(const json_t* claims, double now) {
  const json_t* const exp = json_object_get(claims, "exp");
  const json_t* const nbf = json_object_get(claims, "nbf");
  if (!json_is_number(exp)) return Bad("the token has no exp");
  if (nbf != nullptr && !json_is_number(nbf)) {
    return Bad("the token's nbf is no number");
  }
  if (now >= json_number_value(exp) + kLeewaySeconds) {
    return {Reason::kTokenExpired, "authorization",
            "the token has expired: get a new one"};
  }
  if (nbf != nullptr && now < json_number_value(nbf) - kLeewaySeconds) {
    return Bad("the token is not valid yet: its nbf is to come");
  }
  return Refusal::None();
}

}  // namespace

Refusal CheckClaims(absl::string_view json, const std::string& issuer,
                    const std::string& audience,
                    std::chrono::system_clock::time_point now,
                    std::string* subject) {
  const std::unique_ptr<json_t, JsonRelease> claims(
      json_loadb(json.data(), json.size(), JSON_REJECT_DUPLICATES, nullptr));
  if (!json_is_object(claims.get())) {
    return Bad("the token's claims are no JSON object");
  }
  if (!Is(json_object_get(claims.get(), "iss"), issuer)) {
    return Bad(absl::StrCat("the token's iss is not ", issuer));
  }
  if (!IsFor(json_object_get(claims.get(), "aud"), audience)) {
    return Bad(absl::StrCat("the token's aud is not ", audience));
  }
  const Refusal refusal =
      CheckTimes(claims.get(),
                 std::chrono::duration<double>(now.time_since_epoch()).count());
  if (!refusal.ok()) return refusal;
  const json_t* const sub = json_object_get(claims.get(), "sub");
  *subject = json_is_string(sub)
                 ? std::string(json_string_value(sub), json_string_length(sub))
                 : "";
  if (!IsIdentityText(*subject) || subject->size() > kMaxSubjectBytes) {
    return Bad(
        "the token's sub has to be of at most 256 visible ASCII characters "
        "without quotes and backslashes");
  }
  return Refusal::None();
}

}  // namespace earshot
