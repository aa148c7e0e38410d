#include "device/sound/control_handler.h"

#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "device/sound/event_queue.h"
#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/jack.h"
#include "device/sound/pcm_params.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using Bytes = std::vector<uint8_t>;
using ::testing::Each;

constexpr uint32_t kMax = std::numeric_limits<uint32_t>::max();
constexpr MonotonicTime kNow{std::chrono::hours(1)};

class ControlHandlerTest : public ::testing::Test {
 protected:
  ControlHandlerTest() {
    for (FakePcmOutput& output : outputs_) {
      streams_.push_back(std::make_unique<PcmStream>(&output));
      jacks_.emplace_back(&output, static_cast<uint32_t>(jacks_.size()));
    }
    handler_.emplace(ControlHandler::Parts{
        .offer = {},
        .streams = &streams_,
        .jacks = &jacks_,
        .events = &events_,
        .poll_tx = [this](MonotonicTime) { ++tx_polls_; }});
  }

  // Sends a request in one piece; keeps what the answer's memory holds then.
  ControlHandler::Outcome Send(Bytes request, size_t answer_size) {
    answer_.assign(answer_size, 0xcc);
    DescriptorChain::Readable readable;
    DescriptorChain::Writable writable;
    if (!request.empty()) readable.push_back(absl::MakeSpan(request));
    if (!answer_.empty()) writable.push_back(absl::MakeSpan(answer_));
    DescriptorChain chain(0, readable, writable);
    return handler_->Handle(chain, kNow);
  }
  template <typename T>
  ControlHandler::Outcome Send(const T& request, size_t answer_size = 4) {
    return Send(ToBytes(request), answer_size);
  }
  SndStatus Query(SndCode code, uint32_t start, uint32_t count, uint32_t size,
                  size_t answer_size) {
    return Send(SndQueryInfo{{code}, start, count, size}, answer_size).status;
  }
  SndStatus AnswerStatus() const {
    SndHeader header{};
    std::memcpy(&header, answer_.data(),
                std::min(answer_.size(), sizeof(header)));
    return static_cast<SndStatus>(header.code);
  }
  template <typename T>
  T Item(size_t offset) const {
    T item;
    std::memcpy(&item, answer_.data() + offset, sizeof(item));
    return item;
  }

  std::vector<FakePcmOutput> outputs_{2};
  std::vector<std::unique_ptr<PcmStream>> streams_;
  std::vector<Jack> jacks_;
  int tx_polls_ = 0;
  DeviceQueue event_ring_;  // never started
  EventQueue events_{&event_ring_, {.jacks = 2, .streams = 2}};
  std::optional<ControlHandler> handler_;
  Bytes answer_;
};

TEST_F(ControlHandlerTest, PcmInfoTellsWhatIsOffered) {
  ASSERT_EQ(Query(kSndPcmInfo, 0, 2, 32, 4 + 64), SndStatus::kOk);
  EXPECT_EQ(AnswerStatus(), SndStatus::kOk);
  for (uint32_t id : {0u, 1u}) {
    const auto info = Item<SndPcmInfo>(4 + 32 * id);
    EXPECT_EQ(info.hda_fn_nid, id);
    EXPECT_EQ(info.features, 0u);
    EXPECT_EQ(info.formats, uint64_t{1} << 5 | 1 << 17 | 1 << 19);
    EXPECT_EQ(info.rates, uint64_t{1} << 7);
    EXPECT_EQ(info.direction, 0);
    EXPECT_EQ(info.channels_min, 1);
    EXPECT_EQ(info.channels_max, 2);
    EXPECT_THAT(info.padding, Each(0));
  }
}

TEST_F(ControlHandlerTest, AnswersOnlyWhatWasAskedFor) {
  const ControlHandler::Outcome outcome =
      Send(SndQueryInfo{{kSndPcmInfo}, 1, 1, 32}, 200);
  EXPECT_EQ(outcome.status, SndStatus::kOk);
  EXPECT_EQ(outcome.written, 36u);
  EXPECT_EQ(answer_[36], 0xcc);
}

TEST_F(ControlHandlerTest, ALargerStructOfALaterDriverIsPaddedWithZeros) {
  ASSERT_EQ(Query(kSndPcmInfo, 0, 2, 40, 4 + 80), SndStatus::kOk);
  EXPECT_EQ(Item<uint64_t>(4 + 32), 0u);
  EXPECT_EQ(Item<SndPcmInfo>(4 + 40).channels_max, 2);
}

TEST_F(ControlHandlerTest, EveryStreamHasAMapForEachOfItsChannelCounts) {
  EXPECT_EQ(handler_->chmap_count(), 4u);
  ASSERT_EQ(Query(kSndChmapInfo, 0, 4, 24, 4 + 96), SndStatus::kOk);
  for (uint32_t id : {0u, 1u}) {
    const auto mono = Item<SndChmapInfo>(4 + 48 * id);
    EXPECT_EQ(mono.hda_fn_nid, id);
    EXPECT_EQ(mono.channels, 1);
    const auto stereo = Item<SndChmapInfo>(4 + 48 * id + 24);
    EXPECT_EQ(stereo.hda_fn_nid, id);
    EXPECT_EQ(stereo.direction, 0);
    EXPECT_EQ(stereo.channels, 2);
    EXPECT_EQ(stereo.positions[0], 3);
    EXPECT_EQ(stereo.positions[1], 4);
    EXPECT_EQ(stereo.positions[2], 0);
  }
}

TEST_F(ControlHandlerTest, JackInfoSaysWhichStreamIsConnected) {
  outputs_[0].set_connected(false);
  for (Jack& jack : jacks_) jack.Poll(kNow);
  ASSERT_EQ(Query(kSndJackInfo, 0, 2, 24, 4 + 48), SndStatus::kOk);
  EXPECT_EQ(Item<SndJackInfo>(4).hda_fn_nid, 0u);
  EXPECT_EQ(Item<SndJackInfo>(4).connected, 0);
  EXPECT_EQ(Item<SndJackInfo>(4 + 24).hda_fn_nid, 1u);
  EXPECT_EQ(Item<SndJackInfo>(4 + 24).connected, 1);
}

// Only of the jacks that were asked for: the others it does not know.
TEST_F(ControlHandlerTest, WhatTheDriverHasReadOfAJackIsKnown) {
  ASSERT_EQ(Query(kSndJackInfo, 1, 1, 24, 4 + 24), SndStatus::kOk);
  events_.SetJack(0, true);
  EXPECT_FALSE(events_.has_pending());
  events_.SetJack(1, true);
  EXPECT_TRUE(events_.has_pending());
}

TEST_F(ControlHandlerTest, AJackThatCouldNotBeAnsweredWasNotRead) {
  EXPECT_EQ(Query(kSndJackInfo, 0, 2, 24, 4 + 47), SndStatus::kBadMsg);
  events_.SetJack(0, true);
  EXPECT_FALSE(events_.has_pending());
}

TEST_F(ControlHandlerTest, WithoutJacksOnlyNoneCanBeAskedFor) {
  jacks_.clear();
  EXPECT_EQ(Query(kSndJackInfo, 0, 0, 24, 4), SndStatus::kOk);
  EXPECT_EQ(Query(kSndJackInfo, 0, 1, 24, 28), SndStatus::kBadMsg);
}

TEST_F(ControlHandlerTest, QueriesOutOfRangeAreBadMessages) {
  const struct {
    SndCode code;
    uint32_t total;
  } kItems[] = {{kSndJackInfo, 2}, {kSndPcmInfo, 2}, {kSndChmapInfo, 4}};
  for (const auto& [code, total] : kItems) {
    EXPECT_EQ(Query(code, 0, total, 32, 400), SndStatus::kOk);
    EXPECT_EQ(Query(code, total, 0, 32, 400), SndStatus::kOk);
    EXPECT_EQ(Query(code, 0, total + 1, 32, 400), SndStatus::kBadMsg);
    EXPECT_EQ(Query(code, total + 1, 0, 32, 400), SndStatus::kBadMsg);
    EXPECT_EQ(Query(code, total, 1, 32, 400), SndStatus::kBadMsg);
    EXPECT_EQ(Query(code, 0, kMax, 32, 400), SndStatus::kBadMsg);
    EXPECT_EQ(Query(code, kMax, 0, 32, 400), SndStatus::kBadMsg);
    // start + count wraps to 1.
    EXPECT_EQ(Query(code, kMax, 2, 32, 400), SndStatus::kBadMsg);
    EXPECT_EQ(Query(code, total, kMax, 32, 400), SndStatus::kBadMsg);
    EXPECT_EQ(AnswerStatus(), SndStatus::kBadMsg);
  }
}

TEST_F(ControlHandlerTest, QueriesWithImpossibleSizesAreBadMessages) {
  for (uint32_t size : {0u, 1u, 31u, 1025u, 0x80000000u, kMax}) {
    EXPECT_EQ(Query(kSndPcmInfo, 0, 2, size, 4096), SndStatus::kBadMsg) << size;
  }
  // count * size is 2^32 + 2: less than the room if it wrapped.
  EXPECT_EQ(Query(kSndPcmInfo, 0, 2, 0x80000001, 4096), SndStatus::kBadMsg);
}

TEST_F(ControlHandlerTest, AnAnswerWithoutRoomIsABadMessage) {
  for (size_t room = 4; room < 68; ++room) {
    EXPECT_EQ(Query(kSndPcmInfo, 0, 2, 32, room), SndStatus::kBadMsg) << room;
    EXPECT_EQ(AnswerStatus(), SndStatus::kBadMsg);
  }
  EXPECT_EQ(Query(kSndPcmInfo, 0, 2, 32, 68), SndStatus::kOk);
}

TEST_F(ControlHandlerTest, WithoutRoomForAStatusNothingIsDone) {
  const Bytes request =
      ToBytes(SndPcmSetParams{{{kSndPcmSetParams}, 0}, 16, 16, 0, 2, 5, 7, 0});
  for (size_t room = 0; room < 4; ++room) {
    EXPECT_EQ(Send(request, room).written, 0u);
    EXPECT_THAT(answer_, Each(0xcc));
  }
  EXPECT_EQ(streams_[0]->state(), PcmStream::State::kInitial);
}

TEST_F(ControlHandlerTest, WhatIsNotOfferedIsNotSupported) {
  for (uint32_t code :
       {0u, 2u, 3u, 0xffu, 0x106u, 0x201u, 0x300u, 0x301u, 0x302u, 0x303u,
        0x304u, 0x305u, 0x306u, 0x1000u, 0x1101u, 0x8000u, kMax}) {
    Bytes request(64);
    std::memcpy(request.data(), &code, 4);
    EXPECT_EQ(Send(request, 64).status, SndStatus::kNotSupp) << code;
    EXPECT_EQ(AnswerStatus(), SndStatus::kNotSupp);
    request.resize(4);
    EXPECT_EQ(Send(request, 4).status, SndStatus::kNotSupp) << code;
  }
}

TEST_F(ControlHandlerTest, CommandsForStreamsThatDoNotExistAreBadMessages) {
  for (uint32_t id : {2u, 3u, 0x100u, 0x80000000u, kMax}) {
    for (SndCode code :
         {kSndPcmPrepare, kSndPcmRelease, kSndPcmStart, kSndPcmStop}) {
      EXPECT_EQ(Send(SndPcmHeader{{code}, id}).status, SndStatus::kBadMsg);
      EXPECT_EQ(AnswerStatus(), SndStatus::kBadMsg);
    }
    EXPECT_EQ(
        Send(SndPcmSetParams{{{kSndPcmSetParams}, id}, 16, 16, 0, 2, 5, 7, 0})
            .status,
        SndStatus::kBadMsg);
  }
}

TEST_F(ControlHandlerTest, CommandsReachTheirStreamAlone) {
  EXPECT_EQ(
      Send(SndPcmSetParams{{{kSndPcmSetParams}, 1}, 16, 16, 0, 2, 5, 7, 0})
          .status,
      SndStatus::kOk);
  EXPECT_EQ(Send(SndPcmHeader{{kSndPcmPrepare}, 1}).status, SndStatus::kOk);
  EXPECT_EQ(streams_[0]->state(), PcmStream::State::kInitial);
  EXPECT_EQ(streams_[1]->state(), PcmStream::State::kPrepared);
}

TEST_F(ControlHandlerTest, RefusedParamsChangeNothing) {
  const SndPcmSetParams good{
      {{kSndPcmSetParams}, 0}, 64, 16, 0, 2, kSndFormatS16, kSndRate48000, 0};
  EXPECT_EQ(Send(good).status, SndStatus::kOk);
  EXPECT_EQ(Send(SndPcmHeader{{kSndPcmPrepare}, 0}).status, SndStatus::kOk);
  SndPcmSetParams bad = good;
  bad.period_bytes = 0;
  EXPECT_EQ(Send(bad).status, SndStatus::kBadMsg);
  bad = good;
  bad.format = 15;
  EXPECT_EQ(Send(bad).status, SndStatus::kNotSupp);
  EXPECT_EQ(streams_[0]->state(), PcmStream::State::kPrepared);
}

TEST_F(ControlHandlerTest, TheTxRingIsLookedAtBeforeACommandThatNeedsIt) {
  EXPECT_EQ(
      Send(SndPcmSetParams{{{kSndPcmSetParams}, 0}, 16, 16, 0, 2, 5, 7, 0})
          .status,
      SndStatus::kOk);
  tx_polls_ = 0;
  EXPECT_EQ(Send(SndPcmHeader{{kSndPcmPrepare}, 0}).status, SndStatus::kOk);
  EXPECT_EQ(tx_polls_, 0);
  int expected = 0;
  for (SndCode code : {kSndPcmStart, kSndPcmStop, kSndPcmRelease}) {
    EXPECT_EQ(Send(SndPcmHeader{{code}, 0}).status, SndStatus::kOk);
    EXPECT_EQ(tx_polls_, ++expected);
  }
}

TEST_F(ControlHandlerTest, RequestsAndAnswersMayBeCutAnywhere) {
  Bytes request = ToBytes(SndQueryInfo{{kSndPcmInfo}, 0, 2, 32});
  answer_.assign(68, 0xcc);
  DescriptorChain::Readable readable;
  DescriptorChain::Writable writable;
  for (uint8_t& byte : request) readable.push_back(absl::MakeSpan(&byte, 1));
  for (uint8_t& byte : answer_) writable.push_back(absl::MakeSpan(&byte, 1));
  DescriptorChain chain(0, readable, writable);
  const ControlHandler::Outcome outcome = handler_->Handle(chain, kNow);
  EXPECT_EQ(outcome.status, SndStatus::kOk);
  EXPECT_EQ(outcome.written, 68u);
  EXPECT_EQ(Item<SndPcmInfo>(36).channels_max, 2);
}

}  // namespace
}  // namespace earshot
