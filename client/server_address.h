#ifndef EARSHOT_CLIENT_SERVER_ADDRESS_H_
#define EARSHOT_CLIENT_SERVER_ADDRESS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace earshot {

// How an address begins whose name stands for several servers.
inline constexpr char kDnsScheme[] = "dns:///";

// Whether it is "host:port", "dns:///host:port" or "unix:/path" by its form:
// nothing is looked up, or started. INVALID_ARGUMENT says what is allowed.
absl::Status CheckServerAddress(absl::string_view address);

// The same of each of "A[,B...]".
absl::Status CheckServerAddresses(absl::string_view addresses);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_SERVER_ADDRESS_H_
