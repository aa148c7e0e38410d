#include "server/access/jwt_keys.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "server/access/pattern.h"

namespace earshot {
namespace {

constexpr size_t kMaxKeys = 100;
constexpr size_t kMaxKidBytes = 256;
// Smaller ones are weak; larger ones make a flood of tokens expensive.
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 4096;
constexpr int kP256Bits = 256;

struct JsonRelease {
  void operator()(json_t* json) const { json_decref(json); }
};
using Json = std::unique_ptr<json_t, JsonRelease>;

std::string TextOf(const json_t* object, const char* name) {
  const json_t* const value = json_object_get(object, name);
  if (!json_is_string(value)) return "";
  return std::string(json_string_value(value), json_string_length(value));
}

bool HasPrivatePart(const json_t* key) {
  return json_object_get(key, "d") != nullptr;
}

// RFC 7515, 2: without padding, at which cjose aborts.
bool IsBase64Url(const std::string& text) {
  return !text.empty() && text.size() % 4 != 1 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

// Only the members that make a public key of its kind: null if they are none.
std::shared_ptr<const cjose_jwk_t> Import(const std::string& kty,
                                          const json_t* json) {
  const Json members(json_pack("{s:s}", "kty", kty.c_str()));
  if (members == nullptr) return nullptr;
  if (kty == "EC") {
    json_object_set(members.get(), "crv", json_object_get(json, "crv"));
  }
  for (const char* name : {kty == "EC" ? "x" : "n", kty == "EC" ? "y" : "e"}) {
    if (!IsBase64Url(TextOf(json, name))) return nullptr;
    json_object_set(members.get(), name, json_object_get(json, name));
  }
  char* const text = json_dumps(members.get(), JSON_COMPACT);
  if (text == nullptr) return nullptr;
  cjose_err error{};
  cjose_jwk_t* const key =
      cjose_jwk_import(text, absl::string_view(text).size(), &error);
  std::free(text);
  ERR_clear_error();
  if (key == nullptr) return nullptr;
  return std::shared_ptr<const cjose_jwk_t>(key, [](const cjose_jwk_t* old) {
    cjose_jwk_release(const_cast<cjose_jwk_t*>(old));
  });
}

// What the kind of key can be used with, or why it cannot.
absl::Status TakeKind(const std::string& kty, const json_t* json, JwtKey* key) {
  if (kty == "oct") {
    return absl::InvalidArgumentError(
        "it is a shared secret, and HMAC is not accepted");
  }
  if (kty != "RSA" && !(kty == "EC" && TextOf(json, "crv") == "P-256")) {
    return absl::InvalidArgumentError(
        "used are keys of the kty RSA, and EC with the crv P-256");
  }
  key->key = Import(kty, json);
  if (key->key == nullptr) return absl::InvalidArgumentError("it is no key");
  cjose_err error{};
  key->bits = static_cast<int>(cjose_jwk_get_keysize(key->key.get(), &error));
  key->algorithms = {"ES256"};
  if (kty == "RSA") key->algorithms = {"RS256", "PS256"};
  if (kty == "RSA" ? key->bits < kMinRsaBits || key->bits > kMaxRsaBits
                   : key->bits != kP256Bits) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has ", key->bits, " bits; used are RSA keys of ",
                     kMinRsaBits, " to ", kMaxRsaBits));
  }
  return absl::OkStatus();
}

absl::Status TakeKey(const json_t* json, JwtKey* key) {
  if (json_object_get(json, "kid") != nullptr &&
      (!IsIdentityText(key->kid) || key->kid.size() > kMaxKidBytes)) {
    return absl::InvalidArgumentError(
        "its kid has to be of at most 256 visible ASCII characters without "
        "quotes and backslashes");
  }
  if (json_object_get(json, "use") != nullptr && TextOf(json, "use") != "sig") {
    return absl::InvalidArgumentError("its use is not sig");
  }
  absl::Status taken = TakeKind(TextOf(json, "kty"), json, key);
  if (!taken.ok() || json_object_get(json, "alg") == nullptr) return taken;
  const std::string alg = TextOf(json, "alg");
  if (std::find(key->algorithms.begin(), key->algorithms.end(), alg) ==
      key->algorithms.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "its alg is none of ", absl::StrJoin(key->algorithms, ", ")));
  }
  key->algorithms = {alg};
  return taken;
}

}  // namespace

absl::StatusOr<JwtKeys> ParseJwtKeys(const std::string& text) {
  json_error_t error{};
  const Json root(
      json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, &error));
  if (root == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::max(error.line, 1), ":", std::max(error.column, 1),
                     ": ", error.text, "; expected is {\"keys\": [...]}"));
  }
  const json_t* const keys = json_object_get(root.get(), "keys");
  if (!json_is_array(keys)) {
    return absl::InvalidArgumentError(
        "1:1: it has no \"keys\"; expected is {\"keys\": [...]}");
  }
  if (json_array_size(keys) > kMaxKeys) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has ", json_array_size(keys), " keys; at most ",
                     kMaxKeys, " are allowed"));
  }
  JwtKeys parsed;
  for (size_t i = 0; i < json_array_size(keys); ++i) {
    const json_t* const json = json_array_get(keys, i);
    if (HasPrivatePart(json)) {
      return absl::InvalidArgumentError(
          absl::StrCat("key ", i + 1,
                       " has its private part, which only the issuer may "
                       "have: take the public keys"));
    }
    JwtKey key;
    key.kid = TextOf(json, "kid");
    const absl::Status taken = TakeKey(json, &key);
    if (taken.ok()) {
      parsed.keys.push_back(std::move(key));
    } else {
      parsed.unused.push_back(
          absl::StrCat("key ", i + 1, ": ", std::string(taken.message())));
    }
  }
  if (parsed.keys.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it has no key that can be used", parsed.unused.empty() ? "" : "; ",
        absl::StrJoin(parsed.unused, "; ")));
  }
  return parsed;
}

}  // namespace earshot
