#include "server/listen/sound_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "proto/earshot/v1/listen.pb.h"
#include "server/listen/feed_reader.h"
#include "server/listen/played.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using Event = v1::ListenResponse::EventCase;

constexpr int kPacket = 480;

class SoundFeedTest : public testing::Test {
 protected:
  void Begin(uint64_t epoch) {
    Played played{Played::Kind::kEpoch, now_};
    played.params.epoch = epoch;
    feed_->Add(std::move(played));
    position_ = 0;
  }

  // So many packets, 10 ms each, each when it is due.
  void Packets(int count) {
    for (int i = 0; i < count; ++i) {
      Played played{Played::Kind::kPacket, now_, position_, kPacket};
      played.payload = std::to_string(position_ / kPacket);
      feed_->Add(std::move(played));
      position_ += kPacket;
      now_ += milliseconds(10);
      Tick();
    }
  }

  void Silence() { feed_->Add({Played::Kind::kSilence, now_, position_}); }

  void Tick() { feed_->Tick(status_, now_); }

  std::vector<v1::ListenResponse> ReadAll(FeedReader* reader) {
    std::vector<v1::ListenResponse> all;
    while (const auto message = reader->Next(now_)) {
      v1::ListenResponse response;
      EXPECT_TRUE(response.ParseFromArray(message->begin(),
                                          static_cast<int>(message->size())));
      all.push_back(std::move(response));
    }
    return all;
  }

  // Without clocks.
  static std::vector<Event> Events(const std::vector<v1::ListenResponse>& all) {
    std::vector<Event> events;
    for (const auto& response : all) {
      if (!response.has_clock()) events.push_back(response.event_case());
    }
    return events;
  }

  static std::vector<int64_t> Positions(
      const std::vector<v1::ListenResponse>& all) {
    std::vector<int64_t> packets;
    for (const auto& response : all) {
      if (response.has_packet()) {
        packets.push_back(response.packet().first_frame() / kPacket);
      }
    }
    return packets;
  }

  const std::shared_ptr<SoundFeed> feed_ = std::make_shared<SoundFeed>();
  FeedStatus status_;
  MonotonicTime now_{std::chrono::hours(1)};
  int64_t position_ = 0;
};

TEST_F(SoundFeedTest, TellsWhoJoinsHowThingsStandAndThePreRoll) {
  Begin(7);
  Packets(100);
  FeedReader reader(feed_);
  const auto all = ReadAll(&reader);
  EXPECT_THAT(all[0].event_case(), Event::kClock);
  EXPECT_EQ(all[2].epoch_started().epoch(), 7u);
  EXPECT_THAT(Positions(all),
              ElementsAre(88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99));
}

TEST_F(SoundFeedTest, GivesEachListenerEachPacketOnceAndInOrder) {
  Begin(1);
  FeedReader one(feed_);
  FeedReader other(feed_);
  ReadAll(&one);
  ReadAll(&other);
  Packets(3);
  EXPECT_THAT(Positions(ReadAll(&one)), ElementsAre(0, 1, 2));
  Packets(2);
  EXPECT_THAT(Positions(ReadAll(&one)), ElementsAre(3, 4));
  EXPECT_THAT(Positions(ReadAll(&other)), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_FALSE(one.HasNews());
}

TEST_F(SoundFeedTest, StartsNoPreRollInAnEpochThatIsOver) {
  Begin(1);
  Packets(5);
  feed_->Add({Played::Kind::kEnd, now_, position_});
  FeedReader between(feed_);
  EXPECT_THAT(Events(ReadAll(&between)), ElementsAre(Event::kVolume));
  Begin(2);
  Packets(2);
  FeedReader reader(feed_);
  const auto all = ReadAll(&reader);
  EXPECT_THAT(Events(all), ElementsAre(Event::kVolume, Event::kEpochStarted,
                                       Event::kPacket, Event::kPacket));
  EXPECT_EQ(all[2].epoch_started().epoch(), 2u);
}

TEST_F(SoundFeedTest, MovesAListenerForwardWhoIsHalfASecondBehind) {
  Begin(1);
  FeedReader reader(feed_);
  ReadAll(&reader);
  Packets(2);
  EXPECT_THAT(Positions(ReadAll(&reader)), ElementsAre(0, 1));
  Packets(300);
  const auto all = ReadAll(&reader);
  ASSERT_TRUE(all[0].has_moved_forward());
  EXPECT_EQ(Positions(all).front(), 290);
  EXPECT_EQ(all[0].moved_forward().packets(), 288);
  EXPECT_EQ(Positions(all).back(), 301);
}

TEST_F(SoundFeedTest, LeavesAListenerAloneWhoIsLessBehind) {
  Begin(1);
  FeedReader reader(feed_);
  ReadAll(&reader);
  Packets(45);
  const auto all = ReadAll(&reader);
  EXPECT_THAT(Events(all), testing::Each(Event::kPacket));
  EXPECT_EQ(Positions(all).size(), 45u);
}

TEST_F(SoundFeedTest, SaysOnceThatItIsSilentAndAgainToWhoJoins) {
  Begin(1);
  Packets(1);
  FeedReader reader(feed_);
  ReadAll(&reader);
  std::vector<Event> heard;
  for (int i = 0; i < 400; ++i) {
    Silence();
    now_ += milliseconds(5);
    Tick();
    for (const Event event : Events(ReadAll(&reader))) heard.push_back(event);
  }
  EXPECT_THAT(heard, ElementsAre(Event::kSilence));
  FeedReader late(feed_);
  EXPECT_THAT(
      Events(ReadAll(&late)),
      ElementsAre(Event::kVolume, Event::kEpochStarted, Event::kSilence));
}

TEST_F(SoundFeedTest, TellsAStandstillForAnotherReasonAnew) {
  Begin(1);
  FeedReader reader(feed_);
  ReadAll(&reader);
  Played priming{Played::Kind::kStandstill, now_};
  priming.state = SessionState::kPriming;
  feed_->Add(priming);
  feed_->Add(priming);
  Played paused = priming;
  paused.state = SessionState::kPaused;
  feed_->Add(paused);
  const auto all = ReadAll(&reader);
  ASSERT_THAT(Events(all), ElementsAre(Event::kStandstill, Event::kStandstill));
  EXPECT_EQ(all[0].standstill().state(), v1::STREAM_STATE_PRIMING);
  EXPECT_EQ(all[1].standstill().state(), v1::STREAM_STATE_PAUSED);
}

TEST_F(SoundFeedTest, TellsTheTimeEveryHalfSecondWhileSomebodyListens) {
  Begin(1);
  Packets(200);
  EXPECT_LT(feed_->end(), 202u);
  FeedReader reader(feed_);
  ReadAll(&reader);
  int clocks = 0;
  for (int i = 0; i < 20; ++i) {
    Packets(10);
    for (const auto& response : ReadAll(&reader)) {
      if (response.has_clock()) ++clocks;
    }
  }
  EXPECT_EQ(clocks, 4);
}

TEST_F(SoundFeedTest, TellsAChangeOfTheVolume) {
  FeedReader reader(feed_);
  ReadAll(&reader);
  status_.volume.gain_db = -12;
  Tick();
  Tick();
  const auto all = ReadAll(&reader);
  ASSERT_THAT(Events(all), ElementsAre(Event::kVolume));
}

TEST_F(SoundFeedTest, EndsWithStreamClosedForAllWhoListen) {
  Begin(1);
  FeedReader reader(feed_);
  ReadAll(&reader);
  Packets(1);
  feed_->Close("the client is gone");
  feed_->Close("twice");
  EXPECT_FALSE(reader.at_end());
  const auto all = ReadAll(&reader);
  EXPECT_THAT(Events(all), ElementsAre(Event::kPacket, Event::kStreamClosed));
  EXPECT_EQ(all.back().stream_closed().reason(), "the client is gone");
  EXPECT_TRUE(reader.at_end());

  FeedReader late(feed_);
  EXPECT_EQ(ReadAll(&late).back().event_case(), Event::kStreamClosed);
  EXPECT_TRUE(late.at_end());
}

TEST_F(SoundFeedTest, KeepsLittleAndNoMoreForListenersThatNeverRead) {
  Begin(1);
  Packets(1000);
  EXPECT_LE(feed_->kept(), 14u);
  FeedReader never(feed_);
  Packets(1000);
  EXPECT_LE(feed_->kept(), 14u);
  ReadAll(&never);
  Packets(1000);
  EXPECT_LE(feed_->kept(), 55u);
}

TEST_F(SoundFeedTest, KeepsLittleForThoseWhoKeepUp) {
  Begin(1);
  FeedReader one(feed_);
  FeedReader other(feed_);
  for (int i = 0; i < 1000; ++i) {
    Packets(1);
    EXPECT_THAT(Positions(ReadAll(&one)), ElementsAre(i));
    EXPECT_THAT(Positions(ReadAll(&other)), ElementsAre(i));
    ASSERT_LE(feed_->kept(), 28u);
  }
}

TEST_F(SoundFeedTest, MovesNobodyForwardWhoIsNotFurtherBehindThanThat) {
  Begin(1);
  FeedReader fast(feed_);
  FeedReader slow(feed_);
  ReadAll(&slow);
  for (int i = 0; i < 20; ++i) {
    for (int packet = 0; packet < 45; ++packet) {
      Packets(1);
      ReadAll(&fast);
    }
    EXPECT_THAT(Positions(ReadAll(&slow)), testing::SizeIs(45));
  }
}

TEST_F(SoundFeedTest, DoesNotGrowWhileItIsSilent) {
  Begin(1);
  Packets(10);
  FeedReader reader(feed_);
  for (int i = 0; i < 20000; ++i) {
    Silence();
    now_ += milliseconds(5);
    Tick();
    ReadAll(&reader);
  }
  EXPECT_LE(feed_->kept(), 5u);
}

TEST_F(SoundFeedTest, CountsWhoListens) {
  EXPECT_EQ(feed_->readers(), 0u);
  {
    FeedReader reader(feed_);
    EXPECT_EQ(feed_->readers(), 1u);
  }
  EXPECT_EQ(feed_->readers(), 0u);
}

}  // namespace
}  // namespace earshot
