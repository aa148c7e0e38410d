// ListenService over gRPC, as those who listen see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/earshot/v1/listen.grpc.pb.h"
#include "server/server_fixture.h"

namespace earshot {
namespace {

constexpr int kPacket = 480;
constexpr char kOther[] = "vms/test/streams/1";

// One Listen call.
class Hearer {
 public:
  explicit Hearer(const std::shared_ptr<grpc::Channel>& channel,
                  const std::string& name = kStream)
      : stub_(v1::ListenService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::minutes(1));
    v1::ListenRequest request;
    request.set_name(name);
    reader_ = stub_->Listen(&context_, request);
  }

  ~Hearer() { context_.TryCancel(); }

  // The next event of the wanted kind; the one it stopped at is heard_.
  bool HearUntil(const std::function<bool(const v1::ListenResponse&)>& wanted) {
    while (reader_->Read(&heard_)) {
      if (heard_.has_packet()) {
        packets_.push_back(heard_.packet().first_frame() / kPacket);
      }
      if (wanted(heard_)) return true;
    }
    return false;
  }
  bool HearPacket(int64_t number) {
    return HearUntil([number](const v1::ListenResponse& heard) {
      return heard.has_packet() &&
             heard.packet().first_frame() == number * kPacket;
    });
  }
  grpc::Status End() {
    HearUntil([](const v1::ListenResponse&) { return false; });
    return reader_->Finish();
  }

  const v1::ListenResponse& heard() const { return heard_; }
  // Numbers of the packets so far.
  const std::vector<int64_t>& packets() const { return packets_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::ListenService::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::ListenResponse>> reader_;
  v1::ListenResponse heard_;
  std::vector<int64_t> packets_;
};

class ListenServiceTest : public EarshotServerTest {
 protected:
  // Opens the stream and waits until it is there.
  std::unique_ptr<Player> Open(const std::string& name = kStream) {
    auto player = std::make_unique<Player>(channel_);
    player->Say(OpenRequest(name));
    v1::PlayResponse opened;
    EXPECT_TRUE(player->Hear(&opened));
    return player;
  }

  void Play(Player* player, int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i) {
      player->Say(PacketRequest(i * kPacket));
    }
  }
};

TEST_F(ListenServiceTest, HearsEveryPacketOfAStreamAsItsClientCodedIt) {
  const auto player = Open();
  Hearer hearer(channel_);
  ASSERT_TRUE(hearer.HearUntil(
      [](const v1::ListenResponse& heard) { return heard.has_clock(); }));
  player->Say(BeginRequest(3));
  Play(player.get(), 0, 20);
  player->Say(EndRequest(20 * kPacket));
  ASSERT_TRUE(hearer.HearUntil([](const v1::ListenResponse& heard) {
    return heard.has_epoch_started();
  }));
  EXPECT_EQ(hearer.heard().epoch_started().epoch(), 3u);
  EXPECT_EQ(hearer.heard().epoch_started().format().rate_hz(), 48000);
  EXPECT_EQ(hearer.heard().epoch_started().codec(), v1::CODEC_PCM_S16LE);
  ASSERT_TRUE(hearer.HearPacket(0));
  EXPECT_EQ(hearer.heard().packet().payload(),
            PacketRequest(0).packet().payload());
  EXPECT_EQ(hearer.heard().packet().frame_count(), kPacket);
  ASSERT_TRUE(hearer.HearUntil(
      [](const v1::ListenResponse& heard) { return heard.has_epoch_ended(); }));
  EXPECT_EQ(hearer.heard().epoch_ended().end_frame(), 20 * kPacket);
  std::vector<int64_t> all(20);
  for (int64_t i = 0; i < 20; ++i) all[static_cast<size_t>(i)] = i;
  EXPECT_EQ(hearer.packets(), all);
}

TEST_F(ListenServiceTest, TimesThePacketsByThePlayOutsClock) {
  const auto player = Open();
  Hearer hearer(channel_);
  player->Say(BeginRequest());
  Play(player.get(), 0, 40);
  ASSERT_TRUE(hearer.HearPacket(0));
  const int64_t first = hearer.heard().packet().due_time_ns();
  ASSERT_TRUE(hearer.HearPacket(30));
  const int64_t later = hearer.heard().packet().due_time_ns();
  // A tick is 5 ms, and one may be late.
  EXPECT_NEAR(static_cast<double>(later - first) / 1e6, 300, 30);
}

TEST_F(ListenServiceTest, JoinsInTheMiddleWithSoundFromBefore) {
  const auto player = Open();
  player->Say(BeginRequest());
  Play(player.get(), 0, 55);
  Hearer first(channel_);
  ASSERT_TRUE(first.HearPacket(30));
  Hearer late(channel_);
  ASSERT_TRUE(late.HearUntil(
      [](const v1::ListenResponse& heard) { return heard.has_packet(); }));
  const int64_t begin = late.packets().front();
  EXPECT_GE(begin, 10);
  ASSERT_TRUE(late.HearPacket(50));
  // Without a hole.
  EXPECT_EQ(late.packets().size(), static_cast<size_t>(51 - begin));
  v1::Stream stream;
  ASSERT_TRUE(Get(kStream, &stream).ok());
  EXPECT_EQ(stream.listeners(), 2);
}

TEST_F(ListenServiceTest, SaysHowLoudTheStreamIsToBe) {
  const auto player = Open();
  Hearer hearer(channel_);
  const auto at = [](double gain_db) {
    return [gain_db](const v1::ListenResponse& heard) {
      return heard.has_volume() && heard.volume().gain_db() == gain_db;
    };
  };
  ASSERT_TRUE(hearer.HearUntil(at(0)));
  v1::PlayRequest louder;
  louder.mutable_set_volume()->mutable_volume()->set_gain_db(-6);
  player->Say(louder);
  EXPECT_TRUE(hearer.HearUntil(at(-6)));
}

TEST_F(ListenServiceTest, EndsWellWhenTheStreamIsClosed) {
  auto player = Open();
  Hearer hearer(channel_);
  player->Say(BeginRequest());
  Play(player.get(), 0, 2);
  player->Say(EndRequest(2 * kPacket));
  player->call()->WritesDone();
  ASSERT_TRUE(hearer.HearUntil([](const v1::ListenResponse& heard) {
    return heard.has_stream_closed();
  }));
  EXPECT_EQ(hearer.packets(), std::vector<int64_t>({0, 1}));
  EXPECT_TRUE(hearer.End().ok());
}

TEST_F(ListenServiceTest, HearsOnWhileAnotherComesAndGoes) {
  const auto player = Open();
  player->Say(BeginRequest());
  Hearer hearer(channel_);
  for (int64_t i = 0; i < 10; ++i) {
    Play(player.get(), i * 5, 5);
    Hearer guest(channel_);
    ASSERT_TRUE(guest.HearUntil(
        [](const v1::ListenResponse& heard) { return heard.has_clock(); }));
  }
  ASSERT_TRUE(hearer.HearPacket(49));
  EXPECT_EQ(hearer.packets().size(), 50u);
}

TEST_F(ListenServiceTest, RefusesAStreamThatIsNotThere) {
  Hearer hearer(channel_, kOther);
  const grpc::Status status = hearer.End();
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "STREAM_NOT_FOUND");
}

TEST_F(ListenServiceTest, RefusesANameThatIsNone) {
  Hearer hearer(channel_, "../etc/passwd");
  const grpc::Status status = hearer.End();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "BAD_NAME");
}

TEST_F(ListenServiceTest, TellsListenersThatTheServerGoes) {
  const auto player = Open();
  Hearer hearer(channel_);
  ASSERT_TRUE(hearer.HearUntil(
      [](const v1::ListenResponse& heard) { return heard.has_clock(); }));
  server_->Drain(std::chrono::milliseconds(0));
  const grpc::Status status = hearer.End();
  if (status.ok()) {
    EXPECT_TRUE(hearer.heard().has_stream_closed());
  } else {
    EXPECT_EQ(ErrorInfoOf(status).reason(), "SHUTTING_DOWN");
  }
}

// Real threads, so that a sanitizer finds what they do to each other.
TEST_F(ListenServiceTest, StandsListenersThatComeAndGoWhileTheServerGoes) {
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; !over; ++round) {
        Hearer hearer(channel_, round % 3 == 0 ? kOther : kStream);
        hearer.HearUntil(
            [&, left = (round + i) % 7](const v1::ListenResponse&) mutable {
              return over || left-- == 0;
            });
      }
    });
  }
  for (int round = 0; round < 10; ++round) {
    const auto player = Open();
    player->Say(BeginRequest());
    Play(player.get(), 0, 10);
    player->Say(EndRequest(10 * kPacket));
    player->call()->WritesDone();
    player->End();
  }
  const auto player = Open();
  player->Say(BeginRequest());
  Play(player.get(), 0, 10);
  server_->Drain(std::chrono::milliseconds(20));
  over = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace earshot
