// Watchers come, stay and go while streams open and close and the server goes:
// real threads, so that a sanitizer finds what they do to each other.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/server_fixture.h"

namespace earshot {
namespace {

constexpr int kRounds = 5;
constexpr std::chrono::milliseconds kRound{250};
constexpr std::chrono::milliseconds kDrain{100};

class WatchStressTest : public EarshotServerTest {
 protected:
  // One watch: until the server ends it, or for so many messages. How many it
  // has heard.
  int Watch(const std::string& name, int most) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(20));
    v1::WatchStreamsRequest request;
    request.set_name(name);
    request.set_interval_ms(100);
    const auto stub = v1::AdminService::NewStub(round_channel_);
    const auto reader = stub->WatchStreams(&context, request);
    v1::WatchStreamsResponse seen;
    int heard = 0;
    while (heard < most && reader->Read(&seen)) ++heard;
    const bool left = heard == most;
    if (left) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (left) return heard;
    // Who comes too late may find nobody.
    if (heard == 0 && status.error_details().empty()) return heard;
    EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE)
        << status.error_message();
    EXPECT_EQ(ErrorInfoOf(status).reason(), "SHUTTING_DOWN");
    ++told_;
    return heard;
  }

  void ComeAndGo(unsigned seed) {
    std::minstd_rand random(seed);
    while (!over_) {
      const auto most = static_cast<int>(random() % 4);
      heard_ += Watch(random() % 2 == 0 ? "" : kStream, most);
    }
  }

  void Stay() {
    while (!over_) {
      heard_ += Watch("", std::numeric_limits<int>::max());
    }
  }

  void Play(int number) {
    for (int i = 0; !over_; ++i) {
      Player player(round_channel_);
      player.Say(OpenRequest(i % 3 == 0
                                 ? kStream
                                 : "vms/v" + std::to_string(number) +
                                       "/streams/" + std::to_string(i % 5)));
      player.Say(BeginRequest());
      player.Say(PacketRequest(0));
      v1::PlayResponse response;
      if (!player.Hear(&response) || i % 2 == 0) continue;  // it breaks off
      player.Say(EndRequest(480));
      player.call()->WritesDone();
      player.End();
    }
  }

  // A server, and all that is done to it until it is gone.
  void Round() {
    ServerOptions options = Options();
    options.access.policy = folder_ / "policy";
    Restart(options);
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    round_channel_ = grpc::CreateCustomChannel(
        Address(), grpc::InsecureChannelCredentials(), own);
    over_ = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([this, i] { ComeAndGo(static_cast<unsigned>(i)); });
      threads.emplace_back([this] { Stay(); });
      threads.emplace_back([this, i] { Play(i); });
    }
    std::this_thread::sleep_for(kRound);
    server_->Drain(kDrain);
    over_ = true;
    for (std::thread& thread : threads) thread.join();
    server_.reset();
  }

  std::shared_ptr<grpc::Channel> round_channel_;
  std::atomic<bool> over_{false};
  std::atomic<int> heard_{0};
  std::atomic<int> told_{0};
};

TEST_F(WatchStressTest, EveryWatcherThatIsThereAtTheEndIsToldSo) {
  std::ofstream(folder_ / "policy") << R"(
    grant { principal: "anonymous" player: "*" operator: true }
    quotas { max_opens_per_second: 0 }
  )";
  resume_timeout_ = std::chrono::milliseconds(10);
  for (int i = 0; i < kRounds; ++i) Round();
  EXPECT_GE(told_, 3 * kRounds);
  EXPECT_GT(heard_, 10 * kRounds);
}

}  // namespace
}  // namespace earshot
