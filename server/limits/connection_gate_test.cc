#include "server/limits/connection_gate.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace earshot {
namespace {

using std::chrono::milliseconds;

// Keeps what it is given.
struct Kept {
  ~Kept() {
    for (const int fd : descriptors) close(fd);
  }
  size_t size() {
    const std::lock_guard lock(mutex);
    return descriptors.size();
  }
  void CloseOne() {
    const std::lock_guard lock(mutex);
    close(descriptors.back());
    descriptors.pop_back();
  }
  std::mutex mutex;  // guards descriptors
  std::vector<int> descriptors;
};

class FakeGrpc : public grpc::experimental::ExternalConnectionAcceptor {
 public:
  explicit FakeGrpc(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}
  void HandleNewConnection(NewConnectionParameters* connection) override {
    const std::lock_guard lock(kept_->mutex);
    kept_->descriptors.push_back(connection->fd);
  }

 private:
  const std::shared_ptr<Kept> kept_;
};

bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

class ConnectionGateTest : public testing::Test {
 protected:
  ~ConnectionGateTest() override {
    for (const int fd : clients_) close(fd);
  }

  void Start(Quotas quotas, int most = 1000) {
    gate_ = std::make_unique<ConnectionGate>([quotas] { return quotas; }, most);
    const auto text = gate_->Listen((*ParseListenAddresses("127.0.0.1:0"))[0],
                                    std::make_unique<FakeGrpc>(kept_));
    ASSERT_TRUE(text.ok()) << text.status();
    port_ = std::stoi(text->substr(text->rfind(':') + 1));
    gate_->Start();
  }

  int NewClient() {
    clients_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return clients_.back();
  }

  bool Connect(int fd) const {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd, reinterpret_cast<sockaddr*>(&address),
                   sizeof(address)) == 0;
  }

  // The other end has closed it.
  static bool IsRefused(int fd) {
    pollfd one = {fd, POLLIN, 0};
    return poll(&one, 1, 10000) == 1 && (one.revents & (POLLHUP | POLLERR));
  }

  const std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
  std::vector<int> clients_;
  int port_ = 0;
  std::unique_ptr<ConnectionGate> gate_;
};

TEST_F(ConnectionGateTest, HandsConnectionsOn) {
  Start({});
  ASSERT_TRUE(Connect(NewClient()));
  ASSERT_TRUE(Connect(NewClient()));
  EXPECT_TRUE(Eventually([&] { return kept_->size() == 2; }));
  EXPECT_EQ(gate_->Counts().open, 2u);
  EXPECT_EQ(gate_->Counts().accepted, 2u);
}

TEST_F(ConnectionGateTest, ThoseWhoComeAllAtOnceComeOneByOne) {
  Start({});
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(Connect(NewClient()));
  EXPECT_TRUE(Eventually([&] { return kept_->size() == 50; }));
  EXPECT_GE(std::chrono::steady_clock::now() - began,
            std::chrono::milliseconds(49));
}

TEST_F(ConnectionGateTest, ClosesThoseBeyondTheQuotaAndCountsThem) {
  Quotas quotas;
  quotas.max_connections = 2;
  Start(quotas);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Connect(NewClient()));
  ASSERT_TRUE(Eventually([&] { return kept_->size() == 2; }));
  for (int i = 0; i < 3; ++i) {
    const int client = NewClient();
    ASSERT_TRUE(Connect(client));
    EXPECT_TRUE(IsRefused(client));
  }
  EXPECT_EQ(gate_->Counts().too_many, 3u);
  EXPECT_EQ(gate_->Counts().accepted, 2u);
}

TEST_F(ConnectionGateTest, OneThatEndedMakesRoom) {
  Quotas quotas;
  quotas.max_connections = 1;
  Start(quotas);
  ASSERT_TRUE(Connect(NewClient()));
  ASSERT_TRUE(Eventually([&] { return kept_->size() == 1; }));
  kept_->CloseOne();
  EXPECT_EQ(gate_->Counts().open, 0u);
  ASSERT_TRUE(Connect(NewClient()));
  EXPECT_TRUE(Eventually([&] { return kept_->size() == 1; }));
}

TEST_F(ConnectionGateTest, ThoseOfTheSameMachineAreNotBoundedByPeer) {
  Quotas quotas;
  quotas.max_connections_per_peer = 1;
  Start(quotas);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Connect(NewClient()));
  EXPECT_TRUE(Eventually([&] { return kept_->size() == 5; }));
}

TEST_F(ConnectionGateTest, WithoutAQuotaTheProcessStillBoundsThem) {
  Quotas quotas;
  quotas.max_connections = 0;
  Start(quotas, 3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Connect(NewClient()));
  ASSERT_TRUE(Eventually([&] { return kept_->size() == 3; }));
  const int client = NewClient();
  ASSERT_TRUE(Connect(client));
  EXPECT_TRUE(IsRefused(client));
}

TEST_F(ConnectionGateTest, GoesOnOnceThereAreDescriptorsAgain) {
  Start({});
  const int first = NewClient();
  const int second = NewClient();
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit scarce = limit;
  scarce.rlim_cur = second + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &scarce), 0);
  const bool connects = Connect(first) && Connect(second);
  const bool met =
      Eventually([&] { return gate_->Counts().system_errors > 1; });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_TRUE(connects);
  EXPECT_TRUE(met);
  EXPECT_TRUE(Eventually([&] { return kept_->size() == 2; }));
}

TEST_F(ConnectionGateTest, NobodyConnectsOnceItIsStopped) {
  Start({});
  gate_->Stop();
  EXPECT_FALSE(Connect(NewClient()));
  EXPECT_EQ(kept_->size(), 0u);
}

TEST_F(ConnectionGateTest, SaysWhyItCannotListen) {
  Start({});
  const auto text = gate_->Listen(
      (*ParseListenAddresses("127.0.0.1:" + std::to_string(port_)))[0],
      std::make_unique<FakeGrpc>(kept_));
  EXPECT_EQ(text.status().message(), "address already in use");
}

}  // namespace
}  // namespace earshot
