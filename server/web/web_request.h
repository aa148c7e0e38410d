#ifndef EARSHOT_SERVER_WEB_WEB_REQUEST_H_
#define EARSHOT_SERVER_WEB_WEB_REQUEST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/access/call_credentials.h"

namespace earshot {

// A request of HTTP, as far as the pages want to know it. Nothing of it is
// trusted.
struct WebRequest {
  std::string method;  // such as "GET"
  std::string target;  // such as "/v1/streams?filter=state+%3D+PLAYING"
  std::string host;    // header fields; empty where there is none
  std::string origin;
  std::string if_none_match;
  std::vector<std::string> authorization;
  std::string subprotocols;  // Sec-WebSocket-Protocol
  bool wants_upgrade = false;
  // Names of the client's certificate, which TLS has verified.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
};

// The target's path, and what it asks for; decoded. Nothing if it is no target.
struct WebTarget {
  std::string path;
  std::string filter;  // of ?filter=
};
std::optional<WebTarget> ParseTarget(absl::string_view target);

// What is offered to a WebSocket: ours, and one that carries a token, as
// browsers let pages set no header field there.
inline constexpr char kSubprotocol[] = "earshot.v1";
inline constexpr char kTokenSubprotocol[] = "earshot.bearer.";

// What the request proves: its token, from the header field or a subprotocol,
// and its certificate.
CallCredentials CredentialsOf(const WebRequest& request);
bool OffersSubprotocol(const WebRequest& request);

// Whether a page of the same server asks, or no page at all: what a browser
// says of it. A page of another one might use what the browser's user may do
// here because of where he is.
bool IsOfThisOrigin(const WebRequest& request);
// Whether the name that the request was sent to is an address, or this machine:
// with plaintext, others come from those who make their name stand for it.
bool IsNearHost(absl::string_view host);

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_REQUEST_H_
