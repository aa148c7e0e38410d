#ifndef EARSHOT_SERVER_WEB_WEB_CONNECTION_H_
#define EARSHOT_SERVER_WEB_WEB_CONNECTION_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <list>
#include <memory>

#include "server/listen/listeners.h"
#include "server/web/web_pages.h"
#include "server/web/web_server.h"

namespace earshot {

// One of the connections that there may be; taken back when it is destroyed.
class WebServer::Place {
 public:
  explicit Place(WebServer* server);
  virtual ~Place();

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // It gives way, for others or because the server goes. Idempotent.
  virtual void Close() = 0;
  // A WebSocket: it does not give way.
  bool is_listener() const { return is_listener_; }

 protected:
  WebServer* server() const { return server_; }
  const WebPages& pages() const { return server_->pages_; }
  Listeners* listeners() const { return server_->listeners_; }
  void BecomeListener() { is_listener_ = true; }

 private:
  WebServer* const server_;
  std::list<Place*>::iterator position_;
  bool is_listener_ = false;
};

// Begins a connection, which lives as long as something of it is under way.
// Null for plaintext.
void StartConnection(WebServer* server, boost::asio::ip::tcp::socket socket,
                     std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_CONNECTION_H_
