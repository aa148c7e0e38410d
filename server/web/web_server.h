#ifndef EARSHOT_SERVER_WEB_WEB_SERVER_H_
#define EARSHOT_SERVER_WEB_WEB_SERVER_H_

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "metrics/http_acceptor.h"
#include "metrics/http_listener.h"
#include "server/listen/listeners.h"
#include "server/web/web_pages.h"
#include "server/web/web_tls.h"

namespace earshot {

// Answers browsers: HTTP/1.1, with TLS or without, and WebSockets. Whatever is
// sent to it costs little: at most 256 connections, of which the oldest that is
// no WebSocket gives way; 8 KiB of a request, and no body; 10 s for a handshake
// or a request, 30 s until the next one. Of a listener who does not read the
// kernel holds 32 KiB, and his feed moves him forward. Thread: one of its own.
class WebServer {
 public:
  static constexpr size_t kMaxConnections = 256;
  static constexpr size_t kMaxRequestBytes = 8192;
  static constexpr std::chrono::seconds kDeadline{10};
  static constexpr std::chrono::seconds kIdle{30};
  static constexpr int kSendBytes = 32 << 10;

  // A place that is taken for as long as it lives.
  class Place;

  // `tls` is null for plaintext; `listeners` outlives it.
  WebServer(metrics::HttpListener listener, WebPages pages,
            std::unique_ptr<WebTls> tls, Listeners* listeners);
  // Closes all connections.
  ~WebServer();

  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

 private:
  friend class Place;

  // In the thread.
  void Take(int descriptor);

  const WebPages pages_;
  const std::unique_ptr<WebTls> tls_;
  Listeners* const listeners_;
  boost::asio::io_context loop_;
  std::list<Place*> places_;  // the oldest first
  std::vector<std::unique_ptr<metrics::HttpAcceptor>> acceptors_;
  std::thread thread_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_SERVER_H_
