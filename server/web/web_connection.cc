#include "server/web/web_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "server/web/listen_socket.h"
#include "server/web/web_tls.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
// What an answer says lives in it, or in the program.
using Response = http::response<http::span_body<const char>>;

std::string Text(beast::string_view text) {
  return std::string(text.data(), text.size());
}

template <typename Request>
WebRequest Translate(const Request& from) {
  WebRequest request;
  request.method = Text(from.method_string());
  request.target = Text(from.target());
  request.host = Text(from[http::field::host]);
  request.origin = Text(from[http::field::origin]);
  request.if_none_match = Text(from[http::field::if_none_match]);
  const auto [first, last] = from.equal_range(http::field::authorization);
  for (auto field = first; field != last; ++field) {
    request.authorization.push_back(Text(field->value()));
  }
  request.subprotocols = Text(from[http::field::sec_websocket_protocol]);
  request.wants_upgrade = beast::websocket::is_upgrade(from);
  return request;
}

// A handshake that failed because it was none.
bool SpokePlainHttp(error_code error) {
  return error.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) ==
             SSL_R_HTTP_REQUEST;
}

template <typename Stream>
class Connection final
    : public WebServer::Place,
      public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(WebServer* server, tcp::socket socket,
             std::shared_ptr<asio::ssl::context> tls)
      : Place(server), tls_(std::move(tls)) {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.emplace(std::move(socket), *tls_);
    } else {
      stream_.emplace(std::move(socket));
    }
  }

  void Start() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      Expire(WebServer::kDeadline);
      stream_->async_handshake(
          asio::ssl::stream_base::server,
          [self = this->shared_from_this()](error_code error) {
            if (!error) return self->Read(WebServer::kDeadline);
            if (SpokePlainHttp(error)) self->SayInPlaintext();
          });
    } else {
      Read(WebServer::kDeadline);
    }
  }

  void Close() override {
    if (stream_.has_value()) beast::get_lowest_layer(*stream_).close();
    if (const auto socket = socket_.lock()) {
      socket->EndSoon();
    }
  }

 private:
  void Expire(std::chrono::seconds after) {
    beast::get_lowest_layer(*stream_).expires_after(after);
  }

  void Read(std::chrono::seconds patience) {
    parser_.emplace();
    parser_->header_limit(WebServer::kMaxRequestBytes);
    parser_->body_limit(0);
    Expire(patience);
    http::async_read(*stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](
                         error_code error, size_t) { self->OnRequest(error); });
  }

  void OnRequest(error_code error) {
    if (error == http::error::header_limit) {
      return Say(ErrorAnswer(431, "the header fields are too large"), false);
    }
    if (error == http::error::body_limit) {
      return Say(ErrorAnswer(413, "a request has no body here"), false);
    }
    if (error) {
      // Nobody is there any more, or has said what he wants.
      if (error.category() != http::make_error_code(http::error{}).category() ||
          error == http::error::end_of_stream ||
          error == http::error::partial_message) {
        return;
      }
      return Say(ErrorAnswer(400, "that is no HTTP request"), false);
    }
    WebRequest request = Translate(parser_->get());
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      FillCertificateNames(stream_->native_handle(), &request);
    }
    if (!request.wants_upgrade) {
      return Say(pages().Answer(request), parser_->get().keep_alive());
    }
    std::unique_ptr<FeedReader> reader;
    WebAnswer answer = pages().Upgrade(request, &reader);
    if (reader == nullptr) return Say(std::move(answer), false);
    Listen(std::move(reader));
  }

  // To who asks for http:// where https:// is; nothing is done for him.
  void SayInPlaintext() {
    static constexpr std::string_view kWords =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
        "Connection: close\r\n\r\nThis is an https:// address.\n";
    Expire(WebServer::kDeadline);
    asio::async_write(beast::get_lowest_layer(*stream_),
                      asio::buffer(kWords.data(), kWords.size()),
                      [self = this->shared_from_this()](error_code, size_t) {
                        error_code ignored;
                        beast::get_lowest_layer(*self->stream_)
                            .socket()
                            .shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  // The place stays this connection's, for as long as the WebSocket is there.
  void Listen(std::unique_ptr<FeedReader> reader) {
    BecomeListener();
    auto& lowest = beast::get_lowest_layer(*stream_);
    lowest.expires_never();
    error_code ignored;
    lowest.socket().set_option(
        asio::socket_base::send_buffer_size(WebServer::kSendBytes), ignored);
    lowest.socket().set_option(tcp::no_delay(true), ignored);
    const auto socket = std::make_shared<ListenSocket<Stream>>(
        std::move(*stream_), std::move(reader), this->shared_from_this());
    stream_.reset();
    socket_ = socket;
    socket->Accept(parser_->get(), [socket, listeners = listeners()] {
      listeners->Add(socket->MakeBell());
    });
  }

  void Say(WebAnswer answer, bool keep_alive) {
    answer_ = std::move(answer);
    response_ = Response();
    response_.version(11);
    response_.result(static_cast<unsigned>(answer_.status));
    response_.keep_alive(keep_alive);
    for (const auto& [name, value] : answer_.headers) {
      response_.set(name, value);
    }
    if (!answer_.content_type.empty()) {
      response_.set(http::field::content_type, answer_.content_type);
    }
    const std::string_view content = answer_.content();
    const bool head = parser_->get().method() == http::verb::head;
    response_.body() = {content.data(), head ? 0 : content.size()};
    if (answer_.status != 304 && answer_.status != 204) {
      response_.content_length(content.size());
    }
    Expire(WebServer::kDeadline);
    http::async_write(*stream_, response_,
                      [self = this->shared_from_this(), keep_alive](
                          error_code error, size_t) {
                        if (error) return;
                        if (keep_alive) return self->Read(WebServer::kIdle);
                        error_code ignored;
                        beast::get_lowest_layer(*self->stream_)
                            .socket()
                            .shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  const std::shared_ptr<asio::ssl::context> tls_;  // null for plaintext
  std::optional<Stream> stream_;                   // until it is a WebSocket's
  std::weak_ptr<ListenSocket<Stream>> socket_;     // from then on
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  WebAnswer answer_;
  Response response_;
};

}  // namespace

WebServer::Place::Place(WebServer* server) : server_(server) {
  position_ = server_->places_.insert(server_->places_.end(), this);
}

WebServer::Place::~Place() { server_->places_.erase(position_); }

void StartConnection(WebServer* server, tcp::socket socket,
                     std::shared_ptr<asio::ssl::context> tls) {
  if (tls != nullptr) {
    std::make_shared<Connection<TlsStream>>(server, std::move(socket),
                                            std::move(tls))
        ->Start();
  } else {
    std::make_shared<Connection<PlainStream>>(server, std::move(socket),
                                              nullptr)
        ->Start();
  }
}

}  // namespace earshot
