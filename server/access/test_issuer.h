#ifndef EARSHOT_SERVER_ACCESS_TEST_ISSUER_H_
#define EARSHOT_SERVER_ACCESS_TEST_ISSUER_H_

#include <memory>
#include <string>

struct _cjose_jwk_int;

namespace earshot {

// Signs JWTs for tests, with a key that it makes.
class TestIssuer {
 public:
  // `kty` is "RSA", of so many bits, "EC" (the curve of 256, 384 or 521 bits)
  // or "oct".
  TestIssuer(const std::string& kty, std::string kid, int bits);

  // Its key as a JWKS file has it; with the private part on demand.
  std::string Key(bool with_private = false) const;
  std::string Jwks() const { return "{\"keys\": [" + Key() + "]}"; }

  // A token with these claims, which are JSON; on demand with one more member
  // of the header, whose value is JSON. Empty if the key is of another kind.
  std::string Sign(const std::string& alg, const std::string& claims,
                   const std::string& header_name = "",
                   const std::string& header_value = "") const;

 private:
  const std::string kid_;
  std::shared_ptr<_cjose_jwk_int> key_;
};

// Claims of a token of `iss` "https://issuer.test" for `aud` "earshot".
std::string Claims(const std::string& subject, long long expires);

inline constexpr char kTestIssuer[] = "https://issuer.test";
inline constexpr char kTestAudience[] = "earshot";

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_TEST_ISSUER_H_
