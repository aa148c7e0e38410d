#include "client/cli/listen/listen_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace earshot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FakeOutput : public ListenOutput {
 public:
  absl::Status OnEpoch(const HeardEpoch&, MonotonicTime) override {
    return Log("epoch");
  }
  absl::Status OnPacket(const v1::DuePacket&, bool in_time,
                        MonotonicTime) override {
    return Log(in_time ? "packet" : "early");
  }
  void OnQuiet() override { (void)Log("quiet"); }
  absl::Status OnPassedOver(const v1::PassedOver&) override {
    return Log("over");
  }
  absl::Status OnEpochEnded(const v1::EpochEnded&) override {
    return Log("end");
  }
  absl::Status OnCut() override { return Log("cut"); }
  absl::Status Finish() override { return absl::OkStatus(); }
  std::string Progress() override { return ""; }
  void Report(ListenReport*) const override {}

  std::vector<std::string> log;

 private:
  absl::Status Log(const char* what) {
    log.push_back(what);
    return absl::OkStatus();
  }
};

v1::ListenResponse Clock(int64_t time_ns) {
  v1::ListenResponse response;
  response.mutable_clock()->set_server_time_ns(time_ns);
  return response;
}

v1::ListenResponse Started(int rate_hz, int channels) {
  v1::ListenResponse response;
  response.mutable_epoch_started()->set_codec(v1::CODEC_OPUS);
  auto* format = response.mutable_epoch_started()->mutable_format();
  format->set_rate_hz(rate_hz);
  format->set_channels(channels);
  return response;
}

v1::ListenResponse Packet(int64_t due_ns, int frames = 480) {
  v1::ListenResponse response;
  response.mutable_packet()->set_due_time_ns(due_ns);
  response.mutable_packet()->set_frame_count(frames);
  return response;
}

class ListenEventsTest : public testing::Test {
 protected:
  absl::Status Say(const v1::ListenResponse& response) {
    return events_.OnResponse(response, MonotonicTime());
  }

  FakeOutput output_;
  ListenEvents events_{&output_};
};

TEST_F(ListenEventsTest, KnowsWhatWasDueBeforeItCame) {
  EXPECT_TRUE(events_.OnCall().ok());
  EXPECT_TRUE(Say(Clock(1000)).ok());
  EXPECT_TRUE(Say(Started(48000, 2)).ok());
  EXPECT_TRUE(Say(Packet(900)).ok());
  EXPECT_TRUE(Say(Packet(1000)).ok());
  EXPECT_TRUE(Say(Clock(2000)).ok());
  EXPECT_TRUE(Say(Packet(1990)).ok());
  EXPECT_THAT(output_.log,
              ElementsAre("cut", "epoch", "early", "packet", "packet"));
}

TEST_F(ListenEventsTest, MovedForwardBeginsAnew) {
  EXPECT_TRUE(Say(Clock(1000)).ok());
  EXPECT_TRUE(Say(Started(48000, 2)).ok());
  v1::ListenResponse moved;
  moved.mutable_moved_forward()->set_packets(7);
  EXPECT_TRUE(Say(moved).ok());
  EXPECT_TRUE(Say(Clock(5000)).ok());
  EXPECT_TRUE(Say(Started(48000, 2)).ok());
  EXPECT_TRUE(Say(Packet(4000)).ok());
  EXPECT_THAT(output_.log, ElementsAre("epoch", "cut", "epoch", "early"));
  EXPECT_EQ(events_.moved_packets(), 7);
}

TEST_F(ListenEventsTest, WhatMakesNoSenseIsRefused) {
  EXPECT_FALSE(Say(Packet(0)).ok());  // of no epoch
  EXPECT_FALSE(Say(Started(0, 2)).ok());
  EXPECT_FALSE(Say(Started(48000, 0)).ok());
  EXPECT_FALSE(Say(Started(48000, 9)).ok());
  EXPECT_FALSE(Say(Started(1 << 30, 2)).ok());
  EXPECT_THAT(output_.log, IsEmpty());
  EXPECT_TRUE(Say(Started(48000, 2)).ok());
  EXPECT_FALSE(Say(Packet(0, -1)).ok());
  EXPECT_FALSE(Say(Packet(0, 1 << 30)).ok());
  v1::ListenResponse large = Packet(0);
  large.mutable_packet()->set_payload(std::string(kMaxPayloadBytes + 1, 'x'));
  EXPECT_FALSE(Say(large).ok());
  v1::ListenResponse over;
  over.mutable_passed_over()->set_frame_count(-1);
  EXPECT_FALSE(Say(over).ok());
  EXPECT_TRUE(Say(v1::ListenResponse()).ok());  // of a newer service
}

}  // namespace
}  // namespace earshot
