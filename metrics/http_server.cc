#include "metrics/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <utility>

namespace earshot::metrics {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

}  // namespace

// One request and its answer. Lives as long as one of its operations is under
// way.
class HttpServer::Connection
    : public std::enable_shared_from_this<HttpServer::Connection> {
 public:
  Connection(HttpServer* server, tcp::socket socket)
      : server_(server), stream_(std::move(socket)) {
    place_ = server_->connections_.insert(server_->connections_.end(), this);
    parser_.header_limit(kMaxRequestBytes);
  }
  ~Connection() { Forget(); }

  void Start() {
    stream_.expires_after(kDeadline);  // for all that follows
    http::async_read_header(
        stream_, buffer_, parser_,
        [self = shared_from_this()](error_code error, size_t) {
          self->OnRequest(error);
        });
  }

  void Close() {
    Forget();
    stream_.close();
  }

 private:
  void Forget() {
    if (!counted_) return;
    counted_ = false;
    server_->connections_.erase(place_);
  }

  void OnRequest(error_code error) {
    // Nobody is there any more, or has said what he wants.
    if (error &&
        (error.category() != http::make_error_code(http::error{}).category() ||
         error == http::error::end_of_stream ||
         error == http::error::partial_message)) {
      return;
    }
    if (error) {
      Answer(http::status::bad_request, "that is no HTTP request\n");
    } else if (parser_.get().method() != http::verb::get) {
      response_.set(http::field::allow, "GET");
      Answer(http::status::method_not_allowed, "only GET\n");
    } else if (parser_.get().target() != "/metrics") {
      Answer(http::status::not_found, "only /metrics\n");
    } else {
      response_.set(http::field::content_type,
                    "text/plain; version=0.0.4; charset=utf-8");
      Answer(http::status::ok, server_->page_());
    }
  }

  void Answer(http::status status, std::string text) {
    response_.version(11);
    response_.result(status);
    response_.keep_alive(false);
    response_.body() = std::move(text);
    response_.prepare_payload();
    http::async_write(
        stream_, response_, [self = shared_from_this()](error_code, size_t) {
          error_code ignored;
          self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        });
  }

  HttpServer* const server_;
  beast::tcp_stream stream_;
  std::list<Connection*>::iterator place_;
  bool counted_ = true;
  beast::flat_static_buffer<kMaxRequestBytes> buffer_;
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
};

HttpServer::HttpServer(HttpListener listener, Page page)
    : page_(std::move(page)), loop_(1) {
  for (const int descriptor : listener.TakeDescriptors()) {
    listeners_.push_back(std::make_unique<HttpAcceptor>(
        &loop_, descriptor, "metrics",
        [this](int connection) { Take(connection); }));
  }
  thread_ = std::thread([this] { loop_.run(); });
}

HttpServer::~HttpServer() {
  asio::post(loop_, [this] {
    listeners_.clear();
    while (!connections_.empty()) connections_.front()->Close();
  });
  thread_.join();
}

void HttpServer::Take(int descriptor) {
  tcp::socket socket(loop_);
  error_code error;
  // Which of the two it is matters to nobody.
  socket.assign(tcp::v4(), descriptor, error);
  if (error) {
    close(descriptor);
    return;
  }
  while (connections_.size() >= kMaxConnections) {
    connections_.front()->Close();
  }
  std::make_shared<Connection>(this, std::move(socket))->Start();
}

}  // namespace earshot::metrics
