#ifndef EARSHOT_CLIENT_CLI_DOCTOR_ADDRESS_CHECKS_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_ADDRESS_CHECKS_H_

#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "client/cli/doctor/finding.h"

namespace earshot {

// One place that a server's name stands for.
struct Place {
  std::string text;  // "192.0.2.7:50051", "unix:/path"
  boost::asio::generic::stream_protocol::endpoint endpoint;
};

// A server's address, in its parts.
struct ServerAddress {
  std::string text;  // as it was given
  std::string host;  // empty for a unix socket
  std::string port;
  std::string unix_path;
};
// `text` is host:port or unix:/path; anything else gives an empty host and
// path.
ServerAddress ParseServerAddress(const std::string& text);

// Looks the name up. Reports it; empty if there is nothing to connect to.
std::vector<Place> CheckName(const ServerAddress& address,
                             const Report& report);

// Connects to each. Reports it; returns those that took it.
std::vector<Place> CheckConnect(const std::vector<Place>& places,
                                std::chrono::milliseconds patience,
                                const Report& report);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_ADDRESS_CHECKS_H_
