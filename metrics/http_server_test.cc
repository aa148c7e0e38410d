#include "metrics/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace earshot::metrics {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A client that speaks what it is told to.
class Client {
 public:
  explicit Client(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address),
                         sizeof(address)) == 0;
    const timeval patience = {5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void Say(const std::string& text) {
    (void)!send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // All that comes until the server closes.
  std::string Hear() {
    std::string text;
    char part[4096];
    ssize_t size = 0;
    while ((size = recv(socket_, part, sizeof(part), 0)) > 0) {
      text.append(part, static_cast<size_t>(size));
    }
    return text;
  }

 private:
  const int socket_;
  bool connected_ = false;
};

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto listener = HttpListener::Open("127.0.0.1:0");
    ASSERT_TRUE(listener.ok()) << listener.status();
    port_ =
        std::atoi(listener->text().substr(sizeof("127.0.0.1:") - 1).c_str());
    server_ = std::make_unique<HttpServer>(*std::move(listener), [this] {
      ++pages_;
      return page_;
    });
  }

  std::string Ask(const std::string& request) {
    Client client(port_);
    client.Say(request);
    return client.Hear();
  }
  std::string Get() { return Ask("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"); }

  std::string page_ = "up 1\n";
  std::atomic<int> pages_{0};
  int port_ = 0;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersWithThePage) {
  const std::string answer = Get();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nup 1\n"));
  EXPECT_THAT(Ask("GET /metrics HTTP/1.0\r\n\r\n"), HasSubstr("up 1\n"));
}

TEST_F(HttpServerTest, SendsALongPageToItsEnd) {
  page_.assign(5000000, 'x');
  EXPECT_TRUE(Get().ends_with(page_));
}

TEST_F(HttpServerTest, OffersNothingElse) {
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask("POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
  EXPECT_EQ(pages_, 0);
}

TEST_F(HttpServerTest, RubbishIsRefused) {
  EXPECT_THAT(Ask("\x16\x03\x01 rubbish\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Ask("GET /metrics HTTP/9.9\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Get(), HasSubstr("up 1\n"));
}

TEST_F(HttpServerTest, ARequestWithoutEndIsRefused) {
  const std::string answer =
      Ask("GET /metrics HTTP/1.1\r\nA: " + std::string(100000, 'a'));
  // What it had sent beyond the answer may cost it the answer.
  if (!answer.empty()) {
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  }
  EXPECT_THAT(Get(), HasSubstr("up 1\n"));
}

TEST_F(HttpServerTest, AnyBytesDoNoHarm) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = i % 2 == 0 ? "GET /metrics HTTP/1.1\r\nHost: " : "";
    for (int j = 0; j < 200; ++j) bytes += static_cast<char>(random());
    Client client(port_);
    client.Say(bytes);
  }
  EXPECT_THAT(Get(), HasSubstr("up 1\n"));
}

TEST_F(HttpServerTest, ManyWhoSayNothingAreNoHindrance) {
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 500; ++i) {
    silent.push_back(std::make_unique<Client>(port_));
    ASSERT_TRUE(silent.back()->connected()) << i;
    silent.back()->Say("GET /met");
  }
  EXPECT_THAT(Get(), HasSubstr("up 1\n"));
  // The oldest have been closed.
  EXPECT_EQ(silent.front()->Hear(), "");
}

TEST_F(HttpServerTest, EndsWithConnectionsOpen) {
  Client silent(port_);
  ASSERT_TRUE(silent.connected());
  silent.Say("GET /met");
  server_.reset();
  EXPECT_EQ(silent.Hear(), "");
}

}  // namespace
}  // namespace earshot::metrics
