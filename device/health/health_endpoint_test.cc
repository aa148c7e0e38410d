#include "device/health/health_endpoint.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bazel/temporary_folder.h"
#include "device/health/health_listener.h"
#include "device/health/health_service.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"

namespace earshot {
namespace {

using ::grpc::health::v1::Health;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

struct Answer {
  grpc::Status status;
  HealthCheckResponse::ServingStatus serving;
};

// A connection of its own.
std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments args;
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   args);
}

Answer Check(const std::shared_ptr<grpc::Channel>& channel,
             const std::string& service,
             std::chrono::milliseconds patience = std::chrono::seconds(10)) {
  const auto stub = Health::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, request, &response);
  return {status, response.status()};
}

Answer Check(const std::string& address, const std::string& service,
             std::chrono::milliseconds patience = std::chrono::seconds(10)) {
  return Check(Connect(address), service, patience);
}

// A loop that runs, and a service there that has "up" and "down".
class HealthEndpointTest : public testing::Test {
 protected:
  void Start(const std::string& address) {
    auto listener = HealthListener::Open(address);
    ASSERT_TRUE(listener.ok()) << listener.status();
    address_ = listener->text;
    endpoint_ = std::make_unique<HealthEndpoint>(
        *std::move(listener), &loop_, [](const std::string& service) {
          return service == "up"     ? std::optional(true)
                 : service == "down" ? std::optional(false)
                                     : std::nullopt;
        });
    thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    work_.reset();
    boost::asio::post(loop_, [this] { endpoint_.reset(); });
    if (thread_.joinable()) thread_.join();
  }
  std::string UnixAddress() const { return "unix:" + (folder_ / "h"); }

  const TemporaryFolder folder_;
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{loop_.get_executor()};
  std::unique_ptr<HealthEndpoint> endpoint_;
  std::string address_;
  std::thread thread_;
};

TEST_F(HealthEndpointTest, SaysHowTheServicesAre) {
  Start("127.0.0.1:0");
  const Answer up = Check(address_, "up");
  EXPECT_TRUE(up.status.ok()) << up.status.error_message();
  EXPECT_EQ(up.serving, HealthCheckResponse::SERVING);
  EXPECT_EQ(Check(address_, "down").serving, HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check(address_, "other").status.error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthEndpointTest, ListensAtUnixSocketsToo) {
  Start(UnixAddress());
  EXPECT_EQ(Check(address_, "up").serving, HealthCheckResponse::SERVING);
}

TEST_F(HealthEndpointTest, ItsUnixSocketGoesWithIt) {
  Start(UnixAddress());
  EXPECT_TRUE(std::filesystem::exists(folder_ / "h"));
  TearDown();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "h"));
}

TEST_F(HealthEndpointTest, AnswersNothingWhileTheLoopHangs) {
  Start(UnixAddress());
  ASSERT_TRUE(Check(address_, "up").status.ok());
  std::promise<void> goes_on;
  boost::asio::post(loop_,
                    [hangs = goes_on.get_future().share()] { hangs.wait(); });
  EXPECT_EQ(
      Check(address_, "up", std::chrono::milliseconds(100)).status.error_code(),
      grpc::StatusCode::DEADLINE_EXCEEDED);
  goes_on.set_value();
  EXPECT_TRUE(Check(address_, "up").status.ok());
}

TEST_F(HealthEndpointTest, HowManyMayWaitForALoopThatHangsIsLimited) {
  constexpr size_t kRefused = 8;  // a connection's worth
  constexpr size_t kCalls = HealthService::kMaxWaiting + kRefused;
  Start(UnixAddress());
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (size_t i = 0; i < kCalls / kRefused; ++i) {
    channels.push_back(Connect(address_));
    ASSERT_TRUE(Check(channels.back(), "up").status.ok());
  }
  std::promise<void> goes_on;
  boost::asio::post(loop_,
                    [hangs = goes_on.get_future().share()] { hangs.wait(); });
  std::atomic<size_t> refused = 0;
  std::promise<void> all_refused;
  std::vector<std::future<grpc::Status>> calls;
  for (size_t i = 0; i < kCalls; ++i) {
    calls.push_back(std::async(std::launch::async, [&, i] {
      grpc::Status status = Check(channels[i / kRefused], "up").status;
      if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
          ++refused == kRefused) {
        all_refused.set_value();
      }
      return status;
    }));
  }
  // While the loop hangs, which answers the others.
  EXPECT_EQ(all_refused.get_future().wait_for(std::chrono::seconds(9)),
            std::future_status::ready);
  goes_on.set_value();
  size_t answered = 0;
  for (auto& call : calls) answered += call.get().ok() ? 1 : 0;
  EXPECT_EQ(answered, HealthService::kMaxWaiting);
}

TEST_F(HealthEndpointTest, OneConnectionCannotTakeAllPlacesThatThereAre) {
  Start(UnixAddress());
  const auto greedy = Connect(address_);
  const auto other = Connect(address_);
  ASSERT_TRUE(Check(greedy, "up").status.ok());
  ASSERT_TRUE(Check(other, "up").status.ok());
  std::promise<void> goes_on;
  boost::asio::post(loop_,
                    [hangs = goes_on.get_future().share()] { hangs.wait(); });
  std::vector<std::future<Answer>> calls;
  for (size_t i = 0; i < 2 * HealthService::kMaxWaiting; ++i) {
    calls.push_back(std::async(std::launch::async,
                               [&greedy] { return Check(greedy, "up"); }));
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(
        Check(other, "up", std::chrono::milliseconds(100)).status.error_code(),
        grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  goes_on.set_value();
  for (auto& call : calls) EXPECT_TRUE(call.get().status.ok());
}

TEST_F(HealthEndpointTest, ARequestIsSmall) {
  Start(UnixAddress());
  EXPECT_EQ(Check(address_, std::string(2000, 'a')).status.error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Check(address_, std::string(900, 'a')).status.error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthEndpointTest, TheOldestConnectionGivesWay) {
  Start(UnixAddress());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = address_.substr(std::strlen("unix:"));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  std::vector<vhost_user::UniqueFd> idle;
  for (size_t i = 0; i < HealthEndpoint::kMaxConnections; ++i) {
    idle.emplace_back(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(
        connect(idle.back().get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)),
        0);
  }
  EXPECT_TRUE(Check(address_, "up").status.ok());
  // HTTP/2's greeting, and then the end.
  char byte = 0;
  while (recv(idle.front().get(), &byte, 1, 0) == 1) {
  }
  EXPECT_EQ(recv(idle.front().get(), &byte, 1, 0), 0);
  // The last is still open.
  while (recv(idle.back().get(), &byte, 1, MSG_DONTWAIT) == 1) {
  }
  EXPECT_EQ(recv(idle.back().get(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST_F(HealthEndpointTest, EndsWhileSomebodyWaits) {
  Start(UnixAddress());
  ASSERT_TRUE(Check(address_, "up").status.ok());
  std::promise<void> goes_on;
  boost::asio::post(loop_,
                    [hangs = goes_on.get_future().share()] { hangs.wait(); });
  boost::asio::post(loop_, [this] { endpoint_.reset(); });
  auto answer =
      std::async(std::launch::async, [this] { return Check(address_, "up"); });
  goes_on.set_value();
  EXPECT_FALSE(answer.get().status.ok());
}

TEST(HealthListenerTest, ItsSocketsNeverHoldUpTheLoop) {
  const TemporaryFolder folder;
  for (const std::string& address :
       {"unix:" + (folder / "h"), std::string("127.0.0.1:0")}) {
    const auto listener = HealthListener::Open(address);
    ASSERT_TRUE(listener.ok()) << listener.status();
    ASSERT_FALSE(listener->sockets.empty());
    for (const vhost_user::UniqueFd& socket : listener->sockets) {
      EXPECT_NE(fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0) << address;
    }
  }
}

TEST(HealthListenerTest, SaysWhatIsWrong) {
  EXPECT_FALSE(HealthListener::Open("nowhere").ok());
  EXPECT_FALSE(HealthListener::Open("unix:/nonexistent/h").ok());
}

}  // namespace
}  // namespace earshot
