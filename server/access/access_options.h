#ifndef EARSHOT_SERVER_ACCESS_ACCESS_OPTIONS_H_
#define EARSHOT_SERVER_ACCESS_ACCESS_OPTIONS_H_

#include <string>

namespace earshot {

// Which files say who may do what: their paths; empty for none.
struct AccessOptions {
  std::string policy;
  std::string tokens;
  std::string jwks;
  // What JWTs have to name; both, if there are keys.
  std::string jwt_issuer;
  std::string jwt_audience;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_ACCESS_OPTIONS_H_
