#include "server/web/web_server.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "server/web/web_connection.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

}  // namespace

WebServer::WebServer(metrics::HttpListener listener, WebPages pages,
                     std::unique_ptr<WebTls> tls, Listeners* listeners)
    : pages_(std::move(pages)),
      tls_(std::move(tls)),
      listeners_(listeners),
      loop_(1) {
  for (const int descriptor : listener.TakeDescriptors()) {
    acceptors_.push_back(std::make_unique<metrics::HttpAcceptor>(
        &loop_, descriptor, "a browser",
        [this](int connection) { Take(connection); }));
  }
  thread_ = std::thread([this] { loop_.run(); });
}

WebServer::~WebServer() {
  asio::post(loop_, [this] {
    acceptors_.clear();
    for (Place* place : std::list<Place*>(places_)) place->Close();
  });
  thread_.join();
}

void WebServer::Take(int descriptor) {
  tcp::socket socket(loop_);
  error_code error;
  // Which of the two it is matters to nobody.
  socket.assign(tcp::v4(), descriptor, error);
  if (error) {
    close(descriptor);
    return;
  }
  std::shared_ptr<asio::ssl::context> tls;
  if (tls_ != nullptr) {
    tls = tls_->Context();
    if (tls == nullptr) return;
  }
  if (places_.size() >= kMaxConnections) {
    const auto oldest =
        std::find_if(places_.begin(), places_.end(),
                     [](const Place* place) { return !place->is_listener(); });
    if (oldest == places_.end()) return;  // all of them listen
    (*oldest)->Close();
  }
  StartConnection(this, std::move(socket), std::move(tls));
}

}  // namespace earshot
