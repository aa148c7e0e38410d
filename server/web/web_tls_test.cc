// HTTPS as browsers see it: over real sockets, with certificates of the test.
#include "server/web/web_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "server/server_fixture.h"
#include "server/transport/self_signed.h"

namespace earshot {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using testing::HasSubstr;
using testing::StartsWith;
using TlsSocket = ssl::stream<tcp::socket>;

class WebTlsTest : public EarshotServerTest {
 protected:
  void SetUp() override {
    Write(one_);
    ServerOptions options = Options();
    options.web.address = "127.0.0.1:0";
    options.transport.certificate_file = folder_ / "cert";
    options.transport.key_file = folder_ / "key";
    Start(std::move(options));
    const std::string address = server_->web_address();
    port_ = static_cast<uint16_t>(
        std::stoi(address.substr(address.rfind(':') + 1)));
  }

  static SelfSigned Make() {
    SelfSignedSubject subject;
    subject.names = "DNS:localhost,IP:127.0.0.1";
    return MakeSelfSigned(subject);
  }

  // Each file in one step: half a file is never seen.
  void Write(const SelfSigned& pair) const {
    for (const auto& [name, text] :
         {std::pair{"key", &pair.key}, std::pair{"cert", &pair.certificate}}) {
      const std::string path = folder_ / name;
      std::ofstream(path + ".new") << *text;
      ASSERT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
    }
  }

  // What a browser has that trusts this certificate alone.
  static ssl::context Trusting(const SelfSigned& pair) {
    ssl::context context(ssl::context::tls_client);
    context.set_verify_mode(ssl::verify_peer);
    context.add_certificate_authority(asio::buffer(pair.certificate));
    return context;
  }

  tcp::socket Connect() {
    tcp::socket socket(loop_);
    socket.connect({asio::ip::make_address("127.0.0.1"), port_});
    return socket;
  }

  // How the handshake ends.
  error_code Shake(TlsSocket* socket) {
    error_code error;
    socket->handshake(ssl::stream_base::client, error);
    return error;
  }

  // What comes on the connection for a request for the page.
  template <typename Socket>
  static std::string GetPage(Socket* socket) {
    error_code error;
    asio::write(*socket,
                asio::buffer(std::string("GET / HTTP/1.1\r\nHost: localhost\r\n"
                                         "Connection: close\r\n\r\n")),
                error);
    std::string answer;
    asio::read(*socket, asio::dynamic_buffer(answer), error);
    return answer;
  }

  uint16_t port_ = 0;
  asio::io_context loop_;
  const SelfSigned one_ = Make();
  const SelfSigned two_ = Make();
};

TEST_F(WebTlsTest, ThePageComesOverTls12AndTls13) {
  EXPECT_THAT(server_->web_url(), StartsWith("https://127.0.0.1:"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ssl::context trusting = Trusting(one_);
    SSL_CTX_set_min_proto_version(trusting.native_handle(), version);
    SSL_CTX_set_max_proto_version(trusting.native_handle(), version);
    TlsSocket socket(Connect(), trusting);
    ASSERT_FALSE(Shake(&socket));
    EXPECT_EQ(SSL_version(socket.native_handle()), version);
    EXPECT_THAT(GetPage(&socket), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST_F(WebTlsTest, Tls11IsRefused) {
  ssl::context old = Trusting(one_);
  // OpenSSL itself would not even offer it.
  SSL_CTX_set_security_level(old.native_handle(), 0);
  SSL_CTX_set_min_proto_version(old.native_handle(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_1_VERSION);
  TlsSocket socket(Connect(), old);
  EXPECT_THAT(Shake(&socket).message(), HasSubstr("alert protocol version"));
}

TEST_F(WebTlsTest, BrowsersAreToldOfHttp11Alone) {
  ssl::context trusting = Trusting(one_);
  constexpr unsigned char kOffered[] = "\x02h2\x08http/1.1";
  SSL_CTX_set_alpn_protos(trusting.native_handle(), kOffered,
                          sizeof(kOffered) - 1);
  TlsSocket socket(Connect(), trusting);
  ASSERT_FALSE(Shake(&socket));
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(socket.native_handle(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size),
            "http/1.1");
}

TEST_F(WebTlsTest, TheNextConnectionHasTheRenewedCertificate) {
  ssl::context trusting_one = Trusting(one_);
  ssl::context trusting_two = Trusting(two_);
  TlsSocket before(Connect(), trusting_one);
  ASSERT_FALSE(Shake(&before));
  Write(two_);
  TlsSocket after(Connect(), trusting_two);
  EXPECT_FALSE(Shake(&after));
  TlsSocket late(Connect(), trusting_one);
  EXPECT_TRUE(Shake(&late));
  // The one that stands is not touched.
  EXPECT_THAT(GetPage(&before), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(WebTlsTest, PlainHttpIsToldWhereItIsAndThenClosed) {
  tcp::socket socket = Connect();
  const std::string answer = GetPage(&socket);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("https://"));
}

TEST_F(WebTlsTest, WhatIsNeitherIsClosed) {
  tcp::socket socket = Connect();
  error_code error;
  asio::write(socket, asio::buffer(std::string(1000, '\xff')), error);
  std::string answer;
  asio::read(socket, asio::dynamic_buffer(answer), error);
  EXPECT_TRUE(error);
  EXPECT_THAT(answer, testing::Not(HasSubstr("HTTP")));
}

TEST_F(WebTlsTest, AStreamIsHeardOverWss) {
  ssl::context trusting = Trusting(one_);
  Player player(channel_);
  player.Say(OpenRequest());
  v1::PlayResponse opened;
  ASSERT_TRUE(player.Hear(&opened));
  websocket::stream<TlsSocket> socket(Connect(), trusting);
  ASSERT_FALSE(Shake(&socket.next_layer()));
  socket.set_option(
      websocket::stream_base::decorator([](websocket::request_type& request) {
        request.set(boost::beast::http::field::sec_websocket_protocol,
                    "earshot.v1");
      }));
  error_code error;
  socket.handshake("localhost", "/v1/listen/vms/test/streams/0", error);
  ASSERT_FALSE(error) << error.message();
  boost::beast::flat_buffer heard;
  EXPECT_GT(socket.read(heard, error), 0u);
}

}  // namespace
}  // namespace earshot
