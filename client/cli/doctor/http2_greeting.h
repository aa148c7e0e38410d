#ifndef EARSHOT_CLIENT_CLI_DOCTOR_HTTP2_GREETING_H_
#define EARSHOT_CLIENT_CLI_DOCTOR_HTTP2_GREETING_H_

#include "absl/strings/string_view.h"

namespace earshot {

// How a client begins HTTP/2 (RFC 9113, 3.4): the preface, and SETTINGS without
// any.
constexpr absl::string_view kHttp2Greeting(
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    "\0\0\0\4\0\0\0\0\0",
    24 + 9);

// Whether the beginning of what a server says is HTTP/2: its first frame is
// SETTINGS on stream 0.
inline bool IsHttp2(absl::string_view said) {
  constexpr size_t kFrameHeader = 9;
  constexpr char kSettings = 4;
  return said.size() >= kFrameHeader && said[3] == kSettings &&
         said.substr(5, 4) == absl::string_view("\0\0\0\0", 4);
}

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DOCTOR_HTTP2_GREETING_H_
