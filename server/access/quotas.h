#ifndef EARSHOT_SERVER_ACCESS_QUOTAS_H_
#define EARSHOT_SERVER_ACCESS_QUOTAS_H_

#include <cstdint>

namespace earshot {

// Bounds of the policy, with the defaults that policy.proto tells; what is 0 is
// not bounded, but for `max_streams`, which is never more than its default. A
// value: those who keep to it ask AccessControl anew, as the policy may change.
struct Quotas {
  int max_streams = 1000;
  int max_streams_per_principal = 64;
  // Calls of Play begun, on average over 10 s.
  int max_opens_per_second = 20;
  // Of one call of Play, on average over 4 s.
  int max_messages_per_second = 1000;
  int64_t max_bytes_per_second = 4'194'304;
  int max_connections = 4096;
  int max_connections_per_peer = 256;

  bool operator==(const Quotas&) const = default;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_QUOTAS_H_
