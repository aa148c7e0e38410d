// What browsers see of a server: over real sockets.
#include "server/web/web_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdlib>
#include <fstream>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "proto/earshot/v1/listen.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using tcp = boost::asio::ip::tcp;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kPath[] = "/v1/listen/vms/test/streams/0";

class WebServerTest : public EarshotServerTest {
 protected:
  void SetUp() override { StartWeb({}); }

  void StartWeb(const AccessOptions& access,
                const std::vector<std::string>& origins = {}) {
    server_.reset();
    ServerOptions options = Options();
    options.web.address = "127.0.0.1:0";
    options.web.origins = origins;
    options.access = access;
    Start(std::move(options));
    const std::string address = server_->web_address();
    port_ = std::atoi(address.substr(address.rfind(':') + 1).c_str());
  }

  // Anonymous ones may do nothing; `TokenOf` says who may listen.
  void StartWithTokens() {
    std::ofstream(folder_ / "policy") << R"(
        grant { principal: "token:lena" listener: "test" }
        grant { principal: "token:olga" listener: "other" }
        grant { principal: "anonymous" player: "*" })";
    // printf %s lena-token | sha256sum, and so on.
    std::ofstream(folder_ / "tokens") << R"(
lena sha256:c1e5507eeb7860ff452740bb284780a4028a0aded8d0c06a7f3fea66e5a221d6
olga sha256:e83babeabef696679198ec477d63ec85e49a35304c2e9b1ccea6fb0571d758c3
)";
    AccessOptions access;
    access.policy = folder_ / "policy";
    access.tokens = folder_ / "tokens";
    StartWeb(access);
  }

  tcp::socket Connect() {
    tcp::socket socket(loop_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"),
                    static_cast<uint16_t>(port_)});
    return socket;
  }

  // What comes for these bytes, until the server closes.
  std::string Ask(const std::string& bytes) {
    tcp::socket socket = Connect();
    error_code error;
    boost::asio::write(socket, boost::asio::buffer(bytes), error);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    return answer;
  }
  std::string Get(const std::string& target, const std::string& fields = "") {
    return Ask("GET " + target +
               " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
               "\r\n" + fields + "Connection: close\r\n\r\n");
  }

  using Socket = websocket::stream<tcp::socket>;
  // The status: 101 if it is a WebSocket now.
  int Upgrade(Socket* socket, const std::string& path = kPath,
              const std::string& subprotocols = "earshot.v1",
              const std::string& origin = "") {
    socket->set_option(websocket::stream_base::decorator(
        [&](websocket::request_type& request) {
          request.set(http::field::sec_websocket_protocol, subprotocols);
          if (!origin.empty()) request.set(http::field::origin, origin);
        }));
    error_code error;
    socket->handshake(answer_, "127.0.0.1:" + std::to_string(port_), path,
                      error);
    return static_cast<int>(answer_.result_int());
  }

  // What who wants a WebSocket is told instead.
  std::string Refused(const std::string& path,
                      const std::string& subprotocols = "earshot.v1",
                      const std::string& fields = "") {
    return Ask("GET " + path +
               " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
               "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
               "Sec-WebSocket-Protocol: " +
               subprotocols + "\r\n" + fields + "\r\n");
  }

  // The next message; false when the server has closed it.
  bool Hear(Socket* socket, v1::ListenResponse* response) {
    beast::flat_buffer buffer;
    error_code error;
    socket->read(buffer, error);
    return !error &&
           response->ParseFromString(beast::buffers_to_string(buffer.data()));
  }

  std::unique_ptr<Player> Open() {
    auto player = std::make_unique<Player>(channel_);
    player->Say(OpenRequest());
    v1::PlayResponse opened;
    EXPECT_TRUE(player->Hear(&opened));
    return player;
  }

  int port_ = 0;
  boost::asio::io_context loop_;
  websocket::response_type answer_;
};

TEST_F(WebServerTest, GivesThePageWithStrictRules) {
  const std::string page = Get("/");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(page, HasSubstr("Content-Type: text/html; charset=utf-8"));
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("X-Content-Type-Options: nosniff"));
  EXPECT_THAT(page, HasSubstr("<title>"));
}

TEST_F(WebServerTest, SaysThatAPageHasNotChanged) {
  const std::string page = Get("/");
  const size_t begin = page.find("ETag: ") + 6;
  const std::string etag = page.substr(begin, page.find("\r\n", begin) - begin);
  EXPECT_THAT(Get("/", "If-None-Match: " + etag + "\r\n"),
              StartsWith("HTTP/1.1 304"));
}

TEST_F(WebServerTest, ListsTheStreamsInJson) {
  const auto player = Open();
  const std::string streams = Get("/v1/streams");
  EXPECT_THAT(streams, HasSubstr("application/json"));
  EXPECT_THAT(streams, HasSubstr("\"name\":\"vms/test/streams/0\""));
  EXPECT_THAT(streams, HasSubstr("Cache-Control: no-store"));
  EXPECT_THAT(Get("/v1/streams?filter=state+%3D+PLAYING"), HasSubstr("{}"));
  const std::string bad = Get("/v1/streams?filter=loudness+%3E+11");
  EXPECT_THAT(bad, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(bad, HasSubstr("BAD_FILTER"));
}

TEST_F(WebServerTest, HearsAStreamOverAWebSocket) {
  const auto player = Open();
  Socket socket(Connect());
  ASSERT_EQ(Upgrade(&socket), 101);
  EXPECT_EQ(answer_[http::field::sec_websocket_protocol], "earshot.v1");
  player->Say(BeginRequest());
  for (int64_t i = 0; i < 10; ++i) player->Say(PacketRequest(i * 480));
  player->Say(EndRequest(4800));
  player->call()->WritesDone();
  std::vector<int64_t> packets;
  v1::ListenResponse heard;
  while (Hear(&socket, &heard)) {
    if (heard.has_packet()) {
      packets.push_back(heard.packet().first_frame() / 480);
    }
  }
  EXPECT_EQ(packets, std::vector<int64_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_TRUE(heard.has_stream_closed());
  EXPECT_EQ(socket.reason().code, websocket::close_code::normal);
}

TEST_F(WebServerTest, SaysWhyAStreamCannotBeHeard) {
  const std::string none = Get("/v1/listen/vms/nobody/streams/0");
  EXPECT_THAT(none, StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(none, HasSubstr("STREAM_NOT_FOUND"));
  EXPECT_THAT(Get("/v1/listen/../../etc/passwd"), HasSubstr("BAD_NAME"));
  const auto player = Open();
  EXPECT_THAT(Get(kPath), StartsWith("HTTP/1.1 426"));
  EXPECT_THAT(Refused("/v1/listen/vms/nobody/streams/0"),
              StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Refused("/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Refused(kPath, "chat"), StartsWith("HTTP/1.1 400"));
}

TEST_F(WebServerTest, WantsATokenWhereThePolicyDoes) {
  StartWithTokens();
  const auto player = Open();
  EXPECT_THAT(Get(kPath), StartsWith("HTTP/1.1 426"));  // he may play it
  EXPECT_THAT(Get("/v1/streams", "Authorization: Bearer lena-token\r\n"),
              HasSubstr("vms/test/streams/0"));
  const std::string guessed =
      Get("/v1/streams", "Authorization: Bearer guessed\r\n");
  EXPECT_THAT(guessed, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(guessed, HasSubstr("WWW-Authenticate: Bearer"));
  EXPECT_THAT(guessed, HasSubstr("BAD_TOKEN"));
  EXPECT_THAT(Get(kPath, "Authorization: Bearer olga-token\r\n"),
              StartsWith("HTTP/1.1 403"));
  // base64url of "lena-token", and of "olga-token".
  Socket lena(Connect());
  EXPECT_EQ(Upgrade(&lena, kPath, "earshot.v1, earshot.bearer.bGVuYS10b2tlbg"),
            101);
  EXPECT_EQ(answer_[http::field::sec_websocket_protocol], "earshot.v1");
  EXPECT_THAT(Refused(kPath, "earshot.v1, earshot.bearer.b2xnYS10b2tlbg"),
              StartsWith("HTTP/1.1 403"));
}

TEST_F(WebServerTest, LetsNoOtherPageListenUnlessItIsNamed) {
  const std::string origin = "https://desk.example.org";
  auto player = Open();
  EXPECT_THAT(Refused(kPath, "earshot.v1", "Origin: " + origin + "\r\n"),
              StartsWith("HTTP/1.1 403"));
  Socket own(Connect());
  EXPECT_EQ(Upgrade(&own, kPath, "earshot.v1",
                    "http://127.0.0.1:" + std::to_string(port_)),
            101);
  EXPECT_THAT(Get("/v1/streams", "Origin: " + origin + "\r\n"),
              testing::Not(HasSubstr("Access-Control-Allow-Origin")));
  player.reset();

  StartWeb({}, {origin});
  player = Open();
  Socket named(Connect());
  EXPECT_EQ(Upgrade(&named, kPath, "earshot.v1", origin), 101);
  EXPECT_THAT(Get("/v1/streams", "Origin: " + origin + "\r\n"),
              HasSubstr("Access-Control-Allow-Origin: " + origin));
}

// Whoever makes a name of his own stand for this machine is not answered.
TEST_F(WebServerTest, AnswersNoForeignNamesWithoutTls) {
  EXPECT_THAT(Ask("GET /v1/streams HTTP/1.1\r\nHost: evil.example.org\r\n"
                  "Connection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 421"));
}

TEST_F(WebServerTest, RefusesWhatIsNoRequest) {
  EXPECT_THAT(Ask("rubbish\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Get("/../../etc/passwd"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get("/%2e%2e/etc/passwd"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Get("/%zz"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Ask("DELETE / HTTP/1.1\r\nHost: localhost\r\n"
                  "Connection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Get("/", "X: " + std::string(10000, 'x') + "\r\n"),
              testing::AnyOf(StartsWith("HTTP/1.1 431"), ""));
  EXPECT_THAT(
      Ask("GET / HTTP/1.1\r\nHost: localhost\r\n"
          "Content-Length: 5\r\n\r\nhello"),
      testing::AnyOf(StartsWith("HTTP/1.1 413"), StartsWith("HTTP/1.1 400")));
  EXPECT_THAT(Get("/"), StartsWith("HTTP/1.1 200"));
}

TEST_F(WebServerTest, ClosesAWebSocketThatSaysSomething) {
  const auto player = Open();
  Socket socket(Connect());
  ASSERT_EQ(Upgrade(&socket), 101);
  socket.write(boost::asio::buffer("hello", 5));
  v1::ListenResponse heard;
  while (Hear(&socket, &heard)) {
  }
  EXPECT_EQ(socket.reason().code, websocket::close_code::policy_error);
  EXPECT_EQ(socket.reason().reason, "who listens says nothing");
}

TEST_F(WebServerTest, ClosesAWebSocketOfGarbage) {
  const auto player = Open();
  Socket socket(Connect());
  ASSERT_EQ(Upgrade(&socket), 101);
  Socket other(Connect());
  ASSERT_EQ(Upgrade(&other), 101);
  boost::asio::write(socket.next_layer(),
                     boost::asio::buffer(std::string(5000, '\xff')));
  v1::ListenResponse heard;
  while (Hear(&socket, &heard)) {
  }
  player->Say(BeginRequest());
  for (int64_t i = 0; i < 5; ++i) player->Say(PacketRequest(i * 480));
  player->Say(EndRequest(2400));
  bool ended = false;
  while (!ended && Hear(&other, &heard)) ended = heard.has_epoch_ended();
  EXPECT_TRUE(ended);
}

TEST_F(WebServerTest, IdleConnectionsGiveWayAndListenersDoNot) {
  const auto player = Open();
  Socket socket(Connect());
  ASSERT_EQ(Upgrade(&socket), 101);
  std::list<tcp::socket> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(Connect());
  EXPECT_THAT(Get("/"), StartsWith("HTTP/1.1 200"));
  player->Say(BeginRequest());
  player->Say(PacketRequest(0));
  player->Say(EndRequest(480));
  v1::ListenResponse heard;
  bool ended = false;
  while (!ended && Hear(&socket, &heard)) ended = heard.has_epoch_ended();
  EXPECT_TRUE(ended);
}

TEST_F(WebServerTest, TellsListenersThatTheServerGoes) {
  const auto player = Open();
  Socket socket(Connect());
  ASSERT_EQ(Upgrade(&socket), 101);
  v1::ListenResponse heard;
  ASSERT_TRUE(Hear(&socket, &heard));
  server_->Drain(std::chrono::milliseconds(0));
  while (Hear(&socket, &heard)) {
  }
  EXPECT_THAT(socket.reason().code,
              testing::AnyOf(websocket::close_code::going_away,
                             websocket::close_code::normal));
}

TEST(WebServerStartTest, WantsTlsWhereOthersCanReachIt) {
  const TemporaryFolder folder;
  ServerOptions options{*ParseListenAddresses("unix:" + folder / "s"),
                        *SinkFactory::Create("null"), PlayoutConfig(), "test"};
  options.web.address = "0.0.0.0:0";
  const auto server = EarshotServer::Start(std::move(options));
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(std::string(server.status().message()),
              testing::AllOf(HasSubstr("--web"), HasSubstr("--tls-cert")));
}

}  // namespace
}  // namespace earshot
