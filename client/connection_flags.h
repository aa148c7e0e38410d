#ifndef EARSHOT_CLIENT_CONNECTION_FLAGS_H_
#define EARSHOT_CLIENT_CONNECTION_FLAGS_H_

#include <boost/program_options.hpp>
#include <string>

#include "absl/status/status.h"
#include "client/security_options.h"

namespace earshot {

// The flags of every program that talks to the service, whether it plays or
// not: where it is, whom to believe, and how to prove who one is.
class ConnectionFlags {
 public:
  // Adds them; this outlives `options`.
  void AddTo(boost::program_options::options_description& options,
             const std::string& default_server);
  // After parsing. INVALID_ARGUMENT names the flag and what is allowed.
  absl::Status Check();

  // One address, or several: A,B.
  const std::string& server() const { return server_; }
  const SecurityOptions& security() const { return security_; }

 private:
  std::string server_;
  SecurityOptions security_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CONNECTION_FLAGS_H_
