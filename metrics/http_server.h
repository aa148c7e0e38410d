#ifndef EARSHOT_METRICS_HTTP_SERVER_H_
#define EARSHOT_METRICS_HTTP_SERVER_H_

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

namespace earshot::metrics {

// Answers GET /metrics, and nothing else: HTTP/1.1 and 1.0, one request of a
// connection. Whatever is sent to it costs little: at most 16 connections, of
// which the oldest gives way; 8 KiB of a request; 10 s for all of it. Thread:
// one of its own, in which the page is made.
class HttpServer {
 public:
  static constexpr size_t kMaxConnections = 16;
  static constexpr size_t kMaxRequestBytes = 8192;
  static constexpr std::chrono::seconds kDeadline{10};

  using Page = std::function<std::string()>;

  HttpServer(HttpListener listener, Page page);
  // Closes all connections.
  ~HttpServer();

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  class Connection;

  // In the thread.
  void Take(int descriptor);

  const Page page_;
  boost::asio::io_context loop_;
  std::list<Connection*> connections_;  // the oldest first
  std::vector<std::unique_ptr<HttpAcceptor>> listeners_;
  std::thread thread_;
};

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_HTTP_SERVER_H_
