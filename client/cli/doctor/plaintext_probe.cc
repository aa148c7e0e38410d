#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <functional>

#include "absl/strings/match.h"
#include "client/cli/doctor/http2_greeting.h"
#include "client/cli/doctor/tls_probe.h"

namespace earshot {
namespace {

using boost::asio::generic::stream_protocol;
using Answer = PlaintextProbe::Answer;

constexpr size_t kEnough = 64;
constexpr size_t kFrameHeader = 9;

Answer Judge(const std::string& said) {
  if (IsHttp2(said)) return Answer::kHttp2;
  if (absl::StartsWith(said, "HTTP/") ||
      absl::StartsWithIgnoreCase(said, "<!doctype") ||
      absl::StartsWithIgnoreCase(said, "<html")) {
    return Answer::kHttp1;
  }
  // RFC 8446, 5.1: an alert or a handshake, of version 3.x.
  if (said.size() >= 2 && (said[0] == 0x15 || said[0] == 0x16) &&
      said[1] == 3) {
    return Answer::kTls;
  }
  return Answer::kOther;
}

}  // namespace

PlaintextProbe ProbePlaintext(const Place& place,
                              std::chrono::milliseconds patience) {
  boost::asio::io_context loop;
  stream_protocol::socket socket(loop);
  PlaintextProbe probe;
  bool closed = false;
  std::array<char, kEnough> buffer = {};
  std::function<void()> read = [&] {
    socket.async_read_some(
        boost::asio::buffer(buffer),
        [&](const boost::system::error_code& error, size_t bytes) {
          probe.said.append(buffer.data(), bytes);
          closed = static_cast<bool>(error);
          if (!error && probe.said.size() < kFrameHeader) read();
        });
  };
  socket.async_connect(
      place.endpoint, [&](const boost::system::error_code& error) {
        closed = static_cast<bool>(error);
        if (error) return;
        boost::asio::async_write(
            socket,
            boost::asio::buffer(kHttp2Greeting.data(), kHttp2Greeting.size()),
            [&](const boost::system::error_code&, size_t) { read(); });
      });
  loop.run_for(patience);
  if (!probe.said.empty()) {
    probe.answer = Judge(probe.said);
  } else {
    probe.answer = closed ? Answer::kClosed : Answer::kSilent;
  }
  return probe;
}

}  // namespace earshot
