// 5.14.6.10 (virtio 1.3): control elements.
#include "device/sound/controls.h"

#include <cstddef>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using Bytes = std::vector<uint8_t>;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kMax = std::numeric_limits<uint32_t>::max();
constexpr MonotonicTime kNow{std::chrono::hours(1)};
constexpr uint32_t kVolume = 0;
constexpr uint32_t kSwitch = 1;
constexpr uint32_t kVolume1 = 2;
constexpr size_t kStatus = sizeof(SndHeader);

class ControlsTest : public ::testing::Test {
 protected:
  ControlsTest() { controls_.set_negotiated(true); }

  SndStatus Send(uint32_t code, Bytes request, size_t answer_size) {
    answer_.assign(answer_size, 0xcc);
    written_ = kStatus;
    DescriptorChain::Readable readable;
    DescriptorChain::Writable writable;
    if (!request.empty()) readable.push_back(absl::MakeSpan(request));
    writable.push_back(absl::MakeSpan(answer_));
    DescriptorChain chain(0, readable, writable);
    return controls_.Handle(code, chain, kNow, &written_);
  }
  SndStatus Query(uint32_t start, uint32_t count, uint32_t size,
                  size_t answer_size) {
    return Send(kSndCtlInfo,
                ToBytes(SndQueryInfo{{kSndCtlInfo}, start, count, size}),
                answer_size);
  }
  SndStatus Ask(SndCode code, uint32_t id, size_t answer_size = kStatus) {
    return Send(code, ToBytes(SndCtlHeader{{code}, id}), answer_size);
  }
  SndStatus Write(uint32_t id, uint32_t value) {
    Bytes request = ToBytes(SndCtlHeader{{kSndCtlWrite}, id});
    SndCtlValue values = {};
    values.integer[0] = value;
    const Bytes bytes = ToBytes(values);
    request.insert(request.end(), bytes.begin(), bytes.end());
    return Send(kSndCtlWrite, request, kStatus);
  }
  uint32_t Read(uint32_t id) {
    EXPECT_EQ(Ask(kSndCtlRead, id, kStatus + sizeof(SndCtlValue)),
              SndStatus::kOk);
    EXPECT_EQ(written_, kStatus + sizeof(SndCtlValue));
    return Item<SndCtlValue>(kStatus).integer[0];
  }
  template <typename T>
  T Item(size_t offset) const {
    T item;
    std::memcpy(&item, answer_.data() + offset, sizeof(item));
    return item;
  }
  // The controls whose value was told to have changed since the last call.
  std::vector<uint16_t> TakeTold() {
    for (const auto& [id, mask] : told_) EXPECT_EQ(mask, kSndCtlEventValue);
    std::vector<uint16_t> ids;
    for (const auto& [id, mask] : std::exchange(told_, {})) ids.push_back(id);
    return ids;
  }

  std::vector<FakePcmOutput> outputs_{2};
  std::vector<std::pair<uint16_t, uint16_t>> told_;
  Controls controls_{
      {&outputs_[0], &outputs_[1]},
      [this](uint16_t id, uint16_t mask) { told_.emplace_back(id, mask); }};
  Bytes answer_;
  uint32_t written_ = 0;
};

TEST_F(ControlsTest, TwoElementsAStreamEachWithANameOfItsOwn_5_14_6_10_1_1) {
  EXPECT_EQ(controls_.count(), 4u);
  constexpr uint32_t kSize = sizeof(SndCtlInfo);
  ASSERT_EQ(Query(0, 4, kSize, kStatus + 4 * kSize), SndStatus::kOk);
  EXPECT_EQ(written_, kStatus + 4 * kSize);
  std::set<std::pair<std::string, uint32_t>> names;
  for (uint32_t id = 0; id < 4; ++id) {
    const auto info = Item<SndCtlInfo>(kStatus + id * kSize);
    const bool volume = id % 2 == 0;
    // The lowest bit is the direction: output.
    EXPECT_EQ(info.hda_fn_nid, id / 2);  // as the stream
    EXPECT_EQ(info.role, volume ? 1u << 1 : 2u << 1);
    EXPECT_EQ(info.type, volume ? 1u : 0u);
    EXPECT_EQ(info.access, volume ? 0x13u : 0x03u);
    EXPECT_EQ(info.count, 1u);
    EXPECT_EQ(info.index, id / 2);
    EXPECT_EQ(info.integer.min, 0);
    EXPECT_EQ(info.integer.max, volume ? 120 : 1);
    EXPECT_EQ(info.integer.step, 1);
    EXPECT_THAT(info.padding, Each(0));
    EXPECT_THAT(info.rest, Each(0));
    ASSERT_NE(std::memchr(info.name, 0, sizeof(info.name)), nullptr);
    EXPECT_STREQ(info.name,
                 volume ? "Master Playback Volume" : "Master Playback Switch");
    EXPECT_TRUE(names.emplace(info.name, info.index).second);
  }
}

TEST_F(ControlsTest, A32BitGuestHasNoPaddingInTheStruct) {
  ASSERT_EQ(Query(0, 2, 92, kStatus + 2 * 92), SndStatus::kOk);
  EXPECT_EQ(Item<uint32_t>(kStatus + 68), 0u);    // min
  EXPECT_EQ(Item<uint32_t>(kStatus + 72), 120u);  // max
  EXPECT_EQ(Item<uint32_t>(kStatus + 92 + 72), 1u);
}

TEST_F(ControlsTest, ALargerStructOfALaterDriverIsPaddedWithZeros) {
  ASSERT_EQ(Query(3, 1, 128, kStatus + 128), SndStatus::kOk);
  EXPECT_EQ(Item<SndCtlInfo>(kStatus).index, 1u);
  EXPECT_EQ(Item<uint64_t>(kStatus + 96), 0u);
}

TEST_F(ControlsTest, WhatDoesNotExistIsNotInformedOf_5_14_6_2) {
  for (const auto& [start, count, size, room] :
       std::vector<std::tuple<uint32_t, uint32_t, uint32_t, size_t>>{
           {0, 5, 96, 1000},
           {4, 1, 96, 1000},
           {5, 0, 96, 1000},
           {kMax, 2, 96, 1000},
           {2, kMax, 96, 1000},
           {kMax, kMax, 96, 1000},
           {0, 1, 0, 1000},
           {0, 1, 91, 1000},
           {0, 1, 1025, 2000},
           {0, 1, kMax, 1000},
           {0, 4, 96, kStatus + 4 * 96 - 1}}) {
    EXPECT_EQ(Query(start, count, size, room), SndStatus::kBadMsg)
        << start << " " << count << " " << size << " " << room;
    EXPECT_EQ(written_, kStatus);
  }
  EXPECT_EQ(Query(4, 0, 96, kStatus), SndStatus::kOk);
  EXPECT_EQ(Send(kSndCtlInfo, Bytes(15), 1000), SndStatus::kBadMsg);
}

TEST_F(ControlsTest, ReadsWhatTheOutputSays) {
  EXPECT_EQ(Read(kVolume), 120u);
  EXPECT_EQ(Read(kSwitch), 1u);
  for (const auto& [gain_db, step] :
       std::vector<std::pair<double, uint32_t>>{{0, 120},
                                                {-0.5, 119},
                                                {-0.3, 119},
                                                {-20, 80},
                                                {-59.5, 1},
                                                {-59.9, 1},
                                                {-60, 0},
                                                {-1e300, 0}}) {
    outputs_[1].SetVolume({gain_db, true}, kNow);
    EXPECT_EQ(Read(kVolume1), step) << gain_db;
    EXPECT_EQ(Read(kVolume1 + 1), 0u);
  }
  EXPECT_EQ(Read(kVolume), 120u);
}

TEST_F(ControlsTest, OnlyTheFirstValueIsNotZero) {
  outputs_[0].SetVolume({-20, false}, kNow);
  Read(kVolume);
  const auto value = Item<SndCtlValue>(kStatus);
  EXPECT_EQ(value.integer[0], 80u);
  for (size_t i = 1; i < 128; ++i) EXPECT_EQ(value.integer[i], 0u);
}

TEST_F(ControlsTest, ADriverThatHasRoomForTheValueAloneGetsIt) {
  EXPECT_EQ(Ask(kSndCtlRead, kVolume, kStatus + 4), SndStatus::kOk);
  EXPECT_EQ(written_, kStatus + 4);
  EXPECT_EQ(Item<uint32_t>(kStatus), 120u);
  EXPECT_EQ(Ask(kSndCtlRead, kVolume, kStatus + 3), SndStatus::kBadMsg);
  EXPECT_EQ(written_, kStatus);
}

TEST_F(ControlsTest, WritesGoToTheOutput) {
  ASSERT_EQ(Write(kVolume, 80), SndStatus::kOk);
  EXPECT_EQ(outputs_[0].volume(), (StreamVolume{-20, false}));
  ASSERT_EQ(Write(kSwitch, 0), SndStatus::kOk);
  EXPECT_EQ(outputs_[0].volume(), (StreamVolume{-20, true}));
  ASSERT_EQ(Write(kVolume, 0), SndStatus::kOk);
  EXPECT_EQ(outputs_[0].volume(), (StreamVolume{-60, true}));
  ASSERT_EQ(Write(kSwitch, 1), SndStatus::kOk);
  EXPECT_EQ(outputs_[0].volume(), (StreamVolume{-60, false}));
  EXPECT_EQ(outputs_[1].volume(), StreamVolume());
}

TEST_F(ControlsTest, EveryStepReadsBackAsItWasWritten) {
  for (uint32_t step = 0; step <= 120; ++step) {
    ASSERT_EQ(Write(kVolume, step), SndStatus::kOk);
    EXPECT_EQ(Read(kVolume), step);
    EXPECT_EQ(outputs_[0].volume().gain_db, -60 + 0.5 * step);
  }
}

TEST_F(ControlsTest, AGainBetweenStepsStaysUntilAnotherStepIsSet) {
  outputs_[0].SetVolume({-10.3, false}, kNow);
  const uint32_t step = Read(kVolume);
  ASSERT_EQ(Write(kVolume, step), SndStatus::kOk);
  ASSERT_EQ(Write(kSwitch, 0), SndStatus::kOk);
  EXPECT_EQ(outputs_[0].volume(), (StreamVolume{-10.3, true}));
}

TEST_F(ControlsTest, ValuesOutOfRangeAreRefusedAndChangeNothing) {
  for (const uint32_t value : {121u, 0x80000000u, kMax}) {
    EXPECT_EQ(Write(kVolume, value), SndStatus::kBadMsg);
  }
  for (const uint32_t value : {2u, kMax}) {
    EXPECT_EQ(Write(kSwitch, value), SndStatus::kBadMsg);
  }
  EXPECT_EQ(outputs_[0].volume(), StreamVolume());
  EXPECT_THAT(TakeTold(), IsEmpty());
}

TEST_F(ControlsTest, ElementsThatDoNotExistAndHalfRequestsAreRefused) {
  for (const SndCode code :
       {kSndCtlEnumItems, kSndCtlRead, kSndCtlWrite, kSndCtlTlvRead,
        kSndCtlTlvWrite, kSndCtlTlvCommand}) {
    for (const uint32_t id : {4u, 5u, 0x80000000u, kMax}) {
      EXPECT_EQ(Ask(code, id, 1000), SndStatus::kBadMsg) << code << " " << id;
    }
    Bytes half = ToBytes(SndCtlHeader{{code}, 0});
    half.pop_back();
    EXPECT_EQ(Send(code, half, 1000), SndStatus::kBadMsg) << code;
    EXPECT_EQ(written_, kStatus);
  }
  // A write without a value, and with three bytes of it.
  EXPECT_EQ(Ask(kSndCtlWrite, kVolume), SndStatus::kBadMsg);
  Bytes request = ToBytes(SndCtlHeader{{kSndCtlWrite}, kVolume});
  request.resize(request.size() + 3);
  EXPECT_EQ(Send(kSndCtlWrite, request, kStatus), SndStatus::kBadMsg);
  EXPECT_EQ(outputs_[0].volume(), StreamVolume());
}

TEST_F(ControlsTest, MetadataIsAScaleOfDecibels) {
  ASSERT_EQ(Ask(kSndCtlTlvRead, kVolume, kStatus + 100), SndStatus::kOk);
  EXPECT_EQ(written_, kStatus + 16);
  EXPECT_EQ(Item<uint32_t>(kStatus), 1u);      // SNDRV_CTL_TLVT_DB_SCALE
  EXPECT_EQ(Item<uint32_t>(kStatus + 4), 8u);  // bytes that follow
  EXPECT_EQ(Item<int32_t>(kStatus + 8), -6000);
  EXPECT_EQ(Item<uint32_t>(kStatus + 12), 0x10000u | 50);
}

TEST_F(ControlsTest, AShortReadOfMetadataGetsWhatFits_5_14_6_10_3_1) {
  ASSERT_EQ(Ask(kSndCtlTlvRead, kVolume, kStatus + 12), SndStatus::kOk);
  EXPECT_EQ(written_, kStatus + 12);
  EXPECT_EQ(Item<int32_t>(kStatus + 8), -6000);
  ASSERT_EQ(Ask(kSndCtlTlvRead, kVolume, kStatus + 8), SndStatus::kOk);
  EXPECT_EQ(written_, kStatus + 8);
  // Not even its header.
  EXPECT_EQ(Ask(kSndCtlTlvRead, kVolume, kStatus + 7), SndStatus::kBadMsg);
  EXPECT_EQ(Ask(kSndCtlTlvRead, kVolume, kStatus), SndStatus::kBadMsg);
}

TEST_F(ControlsTest, WhatAnElementHasNoRightForIsNotSupported_5_14_6_10_3) {
  EXPECT_EQ(Ask(kSndCtlTlvRead, kSwitch, 100), SndStatus::kNotSupp);
  for (const uint32_t id : {kVolume, kSwitch}) {
    EXPECT_EQ(Ask(kSndCtlTlvWrite, id), SndStatus::kNotSupp);
    EXPECT_EQ(Ask(kSndCtlTlvCommand, id), SndStatus::kNotSupp);
    EXPECT_EQ(Ask(kSndCtlEnumItems, id, 1000), SndStatus::kNotSupp);
  }
}

TEST_F(ControlsTest, TellsOfWhatTheGuestHasChangedAndOfNothingElse) {
  Write(kVolume, 80);
  EXPECT_THAT(TakeTold(), ElementsAre(kVolume));
  Write(kVolume, 80);
  Write(kSwitch, 1);
  Read(kVolume);
  controls_.Poll();
  EXPECT_THAT(TakeTold(), IsEmpty());
  Write(kVolume1 + 1, 0);
  EXPECT_THAT(TakeTold(), ElementsAre(kVolume1 + 1));
}

TEST_F(ControlsTest, TellsOfWhatOthersHaveChanged_5_14_6_10_4) {
  outputs_[1].SetVolume({-20, true}, kNow);
  controls_.Poll();
  EXPECT_THAT(TakeTold(), ElementsAre(kVolume1, kVolume1 + 1));
  controls_.Poll();
  EXPECT_THAT(TakeTold(), IsEmpty());
  // Less than half a step is no change for the guest.
  outputs_[1].SetVolume({-20.1, true}, kNow);
  controls_.Poll();
  EXPECT_THAT(TakeTold(), IsEmpty());
}

TEST_F(ControlsTest, WithoutTheFeatureNothingIsCarriedOutOrTold) {
  controls_.set_negotiated(false);
  EXPECT_EQ(Query(0, 4, 96, 1000), SndStatus::kNotSupp);
  EXPECT_EQ(Write(kVolume, 80), SndStatus::kNotSupp);
  EXPECT_EQ(outputs_[0].volume(), StreamVolume());
  outputs_[0].SetVolume({-20, true}, kNow);
  controls_.Poll();
  EXPECT_THAT(TakeTold(), IsEmpty());
}

TEST_F(ControlsTest, ADriverThatStartsAnewIsToldOfNothingOld) {
  outputs_[0].SetVolume({-20, false}, kNow);
  controls_.Reset();
  controls_.Poll();
  EXPECT_THAT(TakeTold(), IsEmpty());
  EXPECT_EQ(Read(kVolume), 80u);
}

}  // namespace
}  // namespace earshot
