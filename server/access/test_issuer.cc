#include "server/access/test_issuer.h"

#include <cjose/cjose.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

cjose_jwk_t* MakeKey(const std::string& kty, int bits) {
  cjose_err error{};
  if (kty == "EC") {
    return cjose_jwk_create_EC_random(bits == 521   ? CJOSE_JWK_EC_P_521
                                      : bits == 384 ? CJOSE_JWK_EC_P_384
                                                    : CJOSE_JWK_EC_P_256,
                                      &error);
  }
  const auto size = static_cast<size_t>(bits);
  if (kty == "oct") return cjose_jwk_create_oct_random(size, &error);
  const uint8_t exponent[] = {1, 0, 1};
  return cjose_jwk_create_RSA_random(size, exponent, sizeof(exponent), &error);
}

}  // namespace

TestIssuer::TestIssuer(const std::string& kty, std::string kid, int bits)
    : kid_(std::move(kid)), key_(MakeKey(kty, bits), cjose_jwk_release) {
  cjose_err error{};
  if (!kid_.empty() &&
      !cjose_jwk_set_kid(key_.get(), kid_.c_str(), kid_.size(), &error)) {
    std::abort();
  }
}

std::string TestIssuer::Key(bool with_private) const {
  cjose_err error{};
  char* const json = cjose_jwk_to_json(key_.get(), with_private, &error);
  std::string text = json;
  std::free(json);
  return text;
}

std::string TestIssuer::Sign(const std::string& alg, const std::string& claims,
                             const std::string& header_name,
                             const std::string& header_value) const {
  cjose_err error{};
  cjose_header_t* const header = cjose_header_new(&error);
  cjose_header_set(header, "alg", alg.c_str(), &error);
  if (!kid_.empty()) cjose_header_set(header, "kid", kid_.c_str(), &error);
  if (!header_name.empty()) {
    cjose_header_set_raw(header, header_name.c_str(), header_value.c_str(),
                         &error);
  }
  cjose_jws_t* const jws = cjose_jws_sign(
      key_.get(), header, reinterpret_cast<const uint8_t*>(claims.data()),
      claims.size(), &error);
  cjose_header_release(header);
  if (jws == nullptr) return "";
  const char* compact = nullptr;
  cjose_jws_export(jws, &compact, &error);
  std::string token = compact;
  cjose_jws_release(jws);
  return token;
}

std::string Claims(const std::string& subject, long long expires) {
  return absl::StrCat("{\"iss\": \"", kTestIssuer, "\", \"aud\": \"",
                      kTestAudience, "\", \"sub\": \"", subject,
                      "\", \"exp\": ", expires, "}");
}

}  // namespace earshot
