#ifndef EARSHOT_SERVER_WEB_LISTEN_SOCKET_H_
#define EARSHOT_SERVER_WEB_LISTEN_SOCKET_H_

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/listen/feed_reader.h"
#include "server/listen/listeners.h"
#include "server/refusal.h"
#include "server/web/web_request.h"

namespace earshot {

// Brings what Listeners has to say to the web's thread, which alone touches a
// ListenSocket, its end included. Any thread.
class ListenBell : public Listener {
 public:
  // In that thread.
  struct Ringers {
    std::function<void()> wake;
    std::function<void(const std::string& reason)> end;
  };
  ListenBell(boost::asio::any_io_executor executor, Ringers ringers)
      : executor_(std::move(executor)),
        ringers_(std::make_shared<Ringers>(std::move(ringers))) {}

  void Wake(MonotonicTime) override {
    if (posted_->exchange(true)) return;
    boost::asio::post(executor_, [posted = posted_, ringers = ringers_] {
      *posted = false;
      ringers->wake();
    });
  }
  void End(const Refusal& why) override {
    boost::asio::post(executor_, [ringers = ringers_, reason = why.message] {
      ringers->end(reason);
    });
  }

 private:
  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<Ringers> ringers_;
  const std::shared_ptr<std::atomic<bool>> posted_ =
      std::make_shared<std::atomic<bool>>(false);
};

// A WebSocket (RFC 6455) that hears a stream: each binary message is a
// ListenResponse. Who listens says nothing; a ping goes out when he is silent
// for 15 s, and he is given up after 30. Thread: the web's.
template <typename Stream>
class ListenSocket : public std::enable_shared_from_this<ListenSocket<Stream>> {
 public:
  // `place` is held for as long as it is there.
  ListenSocket(Stream stream, std::unique_ptr<FeedReader> reader,
               std::shared_ptr<void> place)
      : place_(std::move(place)),
        socket_(std::move(stream)),
        reader_(std::move(reader)) {
    namespace websocket = boost::beast::websocket;
    auto timeout = websocket::stream_base::timeout::suggested(
        boost::beast::role_type::server);
    timeout.handshake_timeout = kHandshake;
    timeout.idle_timeout = kIdle;
    timeout.keep_alive_pings = true;
    socket_.set_option(timeout);
    socket_.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& response) {
          response.set(boost::beast::http::field::sec_websocket_protocol,
                       kSubprotocol);
        }));
    socket_.binary(true);
    socket_.auto_fragment(false);
    socket_.read_message_max(kMaxMessage);
  }

  // Answers the handshake; `ready` once it is done, and then listens.
  template <typename Request, typename Ready>
  void Accept(const Request& request, Ready ready) {
    socket_.async_accept(
        request, [self = this->shared_from_this(),
                  ready = std::move(ready)](boost::system::error_code error) {
          if (error) return;
          self->open_ = true;
          self->Read();
          ready();
        });
  }

  // What wakes and ends it. Lives as long as it does.
  std::shared_ptr<Listener> MakeBell() {
    const auto weak = this->weak_from_this();
    bell_ = std::make_shared<ListenBell>(
        socket_.get_executor(),
        ListenBell::Ringers{[weak] {
                              if (const auto self = weak.lock())
                                self->WriteNext();
                            },
                            [weak](const std::string& reason) {
                              if (const auto self = weak.lock()) {
                                self->Close(CloseCode::going_away, reason);
                              }
                            }});
    return bell_;
  }

  // It has a moment for its last words.
  void EndSoon() {
    Close(CloseCode::going_away, "the server goes");
    grace_.expires_after(kGrace);
    grace_.async_wait(
        [weak = this->weak_from_this()](boost::system::error_code error) {
          const auto self = error ? nullptr : weak.lock();
          if (self != nullptr) {
            boost::beast::get_lowest_layer(self->socket_).close();
          }
        });
  }

 private:
  using CloseCode = boost::beast::websocket::close_code;

  static constexpr std::chrono::seconds kHandshake{10};
  static constexpr std::chrono::seconds kIdle{30};
  static constexpr std::chrono::milliseconds kGrace{300};
  static constexpr size_t kMaxMessage = 1024;
  // Of a close frame: RFC 6455, 5.5.1.
  static constexpr size_t kMaxReason = 123;

  // Pings, and the end.
  void Read() {
    socket_.async_read(heard_, [self = this->shared_from_this()](
                                   boost::system::error_code error, size_t) {
      if (!error) {
        self->Close(CloseCode::policy_error, "who listens says nothing");
      } else {
        self->over_ = true;
        self->grace_.cancel();
      }
    });
  }

  void WriteNext() {
    if (!open_ || over_ || writing_) return;
    message_ = reader_->HasNews()
                   ? reader_->Next(std::chrono::steady_clock::now())
                   : std::nullopt;
    if (!message_.has_value()) {
      if (reader_->at_end()) Close(CloseCode::normal, "the stream is closed");
      return;
    }
    writing_ = true;
    socket_.async_write(
        boost::asio::buffer(message_->begin(), message_->size()),
        [self = this->shared_from_this()](boost::system::error_code error,
                                          size_t) {
          self->writing_ = false;
          if (!error) {
            self->CloseIfWanted();
            self->WriteNext();
          } else {
            self->over_ = true;
          }
        });
  }

  // A write that is under way comes first.
  void Close(CloseCode code, const std::string& reason) {
    if (over_) return;
    over_ = true;
    wanted_ = {code, reason.substr(0, kMaxReason)};
    CloseIfWanted();
  }

  void CloseIfWanted() {
    if (!wanted_.has_value() || writing_) return;
    const auto wanted = *std::exchange(wanted_, std::nullopt);
    if (!open_) return;
    boost::beast::websocket::close_reason reason(wanted.first);
    reason.reason = wanted.second;
    socket_.async_close(reason, [self = this->shared_from_this()](
                                    boost::system::error_code) {});
  }

  const std::shared_ptr<void> place_;
  std::shared_ptr<Listener> bell_;
  boost::beast::websocket::stream<Stream> socket_;
  boost::asio::steady_timer grace_{socket_.get_executor()};
  std::unique_ptr<FeedReader> reader_;
  std::optional<ListenMessage> message_;  // that is being written
  boost::beast::flat_buffer heard_;
  std::optional<std::pair<CloseCode, std::string>> wanted_;
  bool open_ = false;
  bool writing_ = false;
  bool over_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_LISTEN_SOCKET_H_
