#ifndef EARSHOT_SERVER_TRANSPORT_SELF_SIGNED_H_
#define EARSHOT_SERVER_TRANSPORT_SELF_SIGNED_H_

#include <string>

namespace earshot {

// A certificate that nobody trusts, valid for an hour, and its key, as PEM.
struct SelfSigned {
  std::string certificate;
  std::string key;
};

SelfSigned MakeSelfSigned();

}  // namespace earshot

#endif  // EARSHOT_SERVER_TRANSPORT_SELF_SIGNED_H_
