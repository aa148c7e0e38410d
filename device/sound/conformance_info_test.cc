// Virtio 5.14.4 and the INFO requests of 5.14.6: what the device says it has.
#include <cstring>
#include <vector>

#include "device/sound/conformance_fixture.h"
#include "device/sound/pcm_params.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using ::testing::Each;
using ::testing::SizeIs;
using Bytes = std::vector<uint8_t>;

constexpr uint32_t kMax = 0xffffffff;

SoundDeviceOptions Everything() {
  SoundDeviceOptions options;
  for (const PcmFormat& format : PcmFormats()) {
    options.offer.formats |= uint64_t{1} << format.code;
  }
  for (const PcmRate& rate : PcmRates()) {
    options.offer.rates |= uint64_t{1} << rate.code;
  }
  options.offer.channels_max = kMostChannels;
  return options;
}

class InfoTest : public ConformanceTest {
 protected:
  explicit InfoTest(SoundDeviceOptions options = {})
      : ConformanceTest(options) {}

  // The status, and the bytes behind it.
  SndStatus Ask(const SndQueryInfo& query, uint32_t room) {
    answer_ = guest_.Request(ToBytes(query), room);
    SndHeader header{};
    std::memcpy(&header, answer_.data(), sizeof(header));
    return static_cast<SndStatus>(header.code);
  }
  Bytes answer_;
};

// A device that offers all that it can.
class WidestInfoTest : public InfoTest {
 protected:
  WidestInfoTest() : InfoTest(Everything()) {}
};

// --- 5.14.4 and 5.14.6.2

// 5.14.4: the configuration space "indicates a total number of all available"
// items; the requests tell of exactly as many.
TEST_F(WidestInfoTest, ConfigCountsWhatTheRequestsTell) {
  const SndConfig config = Config();
  EXPECT_EQ(config.jacks, kStreams);
  EXPECT_EQ(config.streams, kStreams);
  EXPECT_EQ(config.chmaps, kStreams * 8);
  EXPECT_EQ(config.controls, 0u);
  EXPECT_THAT(Query<SndJackInfo>(kSndJackInfo, 0, config.jacks),
              SizeIs(config.jacks));
  EXPECT_THAT(Query<SndPcmInfo>(kSndPcmInfo, 0, config.streams),
              SizeIs(config.streams));
  EXPECT_THAT(Query<SndChmapInfo>(kSndChmapInfo, 0, config.chmaps),
              SizeIs(config.chmaps));
}

// 5.14.6.2: start_id + count must not be greater than the total; a driver that
// does not care is told so, and nothing wraps.
TEST_F(InfoTest, ARangeThatIsNotThereIsABadMessage) {
  const SndConfig config = Config();
  const struct {
    SndCode code;
    uint32_t total;
    uint32_t size;
  } kItems[] = {{kSndJackInfo, config.jacks, sizeof(SndJackInfo)},
                {kSndPcmInfo, config.streams, sizeof(SndPcmInfo)},
                {kSndChmapInfo, config.chmaps, sizeof(SndChmapInfo)}};
  for (const auto& [code, total, size] : kItems) {
    for (uint32_t start :
         {0u, 1u, total - 1, total, total + 1, 0x80000000u, kMax - 1, kMax}) {
      for (uint32_t count :
           {0u, 1u, total - 1, total, total + 1, 0x80000000u, kMax - 1, kMax}) {
        const bool there = uint64_t{start} + count <= total;
        EXPECT_EQ(Ask({{code}, start, count, size}, 1024),
                  there ? kOk : kBadMsg)
            << "code " << code << " start " << start << " count " << count;
        EXPECT_EQ(answer_.size(), there ? 4 + count * size : 4);
      }
    }
  }
}

// 5.14.6.2: `size` is the driver's idea of the structure, "used for backward
// compatibility": the items are as far apart, whatever follows is 0.
TEST_F(InfoTest, ItemsAreAsFarApartAsTheDriverSays) {
  for (uint32_t size = sizeof(SndPcmInfo); size <= 1024; size += 31) {
    ASSERT_EQ(Ask({{kSndPcmInfo}, 0, 2, size}, 4096), kOk);
    ASSERT_EQ(answer_.size(), 4 + 2 * size);
    for (uint32_t id : {0u, 1u}) {
      SndPcmInfo info{};
      std::memcpy(&info, answer_.data() + 4 + id * size, sizeof(info));
      EXPECT_EQ(info.hda_fn_nid, id);
      const Bytes rest(answer_.begin() + 4 + id * size + sizeof(info),
                       answer_.begin() + 4 + (id + 1) * size);
      EXPECT_THAT(rest, Each(0));
    }
  }
  for (uint32_t size : {0u, 1u, 31u, 1025u, 0x80000000u, kMax}) {
    EXPECT_EQ(Ask({{kSndPcmInfo}, 0, 2, size}, 4096), kBadMsg) << size;
  }
}

// 5.14.6.2: "The driver MUST provide a buffer of" header + count * size bytes.
TEST_F(InfoTest, AnAnswerWithoutRoomIsABadMessage) {
  for (uint32_t room = 4; room < 4 + 2 * 32; ++room) {
    EXPECT_EQ(Ask({{kSndPcmInfo}, 0, 2, 32}, room), kBadMsg) << room;
    EXPECT_EQ(answer_.size(), 4u);
  }
}

// 5.14.6.2: hda_fn_nid links "jacks with streams and channel maps with
// streams".
TEST_F(WidestInfoTest, WhatBelongsToOneStreamHasItsNodeId) {
  for (uint32_t id = 0; id < kStreams; ++id) {
    EXPECT_EQ(Query<SndJackInfo>(kSndJackInfo, id, 1).at(0).hda_fn_nid, id);
    EXPECT_EQ(Query<SndPcmInfo>(kSndPcmInfo, id, 1).at(0).hda_fn_nid, id);
    // 5.14.6.9: maps are "assigned to all streams with the same data flow
    // direction in the same function group".
    for (const auto& map : Query<SndChmapInfo>(kSndChmapInfo, id * 8, 8)) {
      EXPECT_EQ(map.hda_fn_nid, id);
    }
  }
}

// --- 5.14.6.4.1.1, "Jack Information"

TEST_F(InfoTest, JackInfoHasNoUndefinedFeature) {
  for (const auto& info : Query<SndJackInfo>(kSndJackInfo, 0, kStreams)) {
    EXPECT_EQ(info.features, 0u);  // VIRTIO_SND_JACK_F_REMAP is bit 0
    EXPECT_LE(info.connected, 1);
  }
}

TEST_F(InfoTest, JackInfoPaddingIsZero) {
  for (const auto& info : Query<SndJackInfo>(kSndJackInfo, 0, kStreams)) {
    EXPECT_THAT(info.padding, Each(0));
  }
}

// 5.14.6.4.2: only "if the VIRTIO_SND_JACK_F_REMAP feature bit is set".
TEST_F(InfoTest, JackRemapIsNotSupported) {
  for (uint32_t id : {0u, 1u, 2u, kMax}) {
    const Bytes answer =
        guest_.Request(ToBytes(SndJackRemap{{kSndJackRemap}, id, 1, 0}), 64);
    EXPECT_EQ(answer, ToBytes(SndHeader{0x8002})) << id;
  }
  EXPECT_EQ(guest_.Request(ToBytes(SndHeader{kSndJackRemap}), 4),
            ToBytes(SndHeader{0x8002}));
}

// --- 5.14.6.6.2.1, "Stream Information"

void ExpectDefined(const SndPcmInfo& info) {
  EXPECT_EQ(info.features >> 5, 0u);
  // 5.14.6.6.3: shared memory is a placeholder, and what belongs to it.
  EXPECT_EQ(info.features &
                (kSndPcmShmemHost | kSndPcmShmemGuest | kSndPcmEvtShmemPeriods),
            0u);
  EXPECT_EQ(info.formats >> 25, 0u);
  EXPECT_NE(info.formats, 0u);
  EXPECT_EQ(info.rates >> 16, 0u);
  EXPECT_NE(info.rates, 0u);
  EXPECT_LE(info.direction, kSndInput);
  EXPECT_GE(info.channels_min, 1);
  EXPECT_LE(info.channels_min, info.channels_max);
}

TEST_F(InfoTest, PcmInfoHasOnlyDefinedValues) {
  for (const auto& info : Query<SndPcmInfo>(kSndPcmInfo, 0, kStreams)) {
    ExpectDefined(info);
  }
}

TEST_F(WidestInfoTest, PcmInfoHasOnlyDefinedValues) {
  for (const auto& info : Query<SndPcmInfo>(kSndPcmInfo, 0, kStreams)) {
    ExpectDefined(info);
    EXPECT_EQ(info.channels_max, 8);
  }
}

TEST_F(InfoTest, PcmInfoPaddingIsZero) {
  for (const auto& info : Query<SndPcmInfo>(kSndPcmInfo, 0, kStreams)) {
    EXPECT_THAT(info.padding, Each(0));
  }
}

// --- 5.14.6.9.1.1, "Channel Map Information"

TEST_F(WidestInfoTest, ChmapInfoHasADefinedDirection) {
  for (const auto& map : Query<SndChmapInfo>(kSndChmapInfo, 0, 16)) {
    EXPECT_EQ(map.direction, kSndOutput);
  }
}

TEST_F(WidestInfoTest, ChmapInfoHasNoMoreChannelsThanPositions) {
  uint32_t next = 0;
  for (const auto& map : Query<SndChmapInfo>(kSndChmapInfo, 0, 16)) {
    EXPECT_LE(map.channels, kSndChmapMaxChannels);
    EXPECT_EQ(map.channels, next++ % 8 + 1);
    for (int i = 0; i < kSndChmapMaxChannels; ++i) {
      // VIRTIO_SND_CHMAP_BRC is the last position that is defined.
      EXPECT_LE(map.positions[i], 36);
      EXPECT_EQ(map.positions[i] != 0, i < map.channels);
    }
  }
}

// --- 5.14.6: codes

// "VIRTIO_SND_S_NOT_SUPP - requested operation or parameters are not
// supported": whatever the code, there is an answer.
TEST_F(InfoTest, RequestsThatDoNotExistAreNotSupported) {
  const auto known = [](uint32_t code) {
    return code == kSndJackInfo || code == kSndChmapInfo ||
           (code >= kSndPcmInfo && code <= kSndPcmStop);
  };
  for (uint32_t code = 0; code < 0x1300; ++code) {
    if (known(code)) continue;
    Bytes request(64);
    std::memcpy(request.data(), &code, sizeof(code));
    EXPECT_EQ(guest_.Request(request, 64), ToBytes(SndHeader{0x8002})) << code;
  }
}

// "VIRTIO_SND_S_BAD_MSG - a control message is malformed".
TEST_F(InfoTest, RequestsThatAreCutShortAreBadMessages) {
  const struct {
    SndCode code;
    size_t size;
  } kRequests[] = {{kSndJackInfo, 16},  {kSndPcmInfo, 16},
                   {kSndChmapInfo, 16}, {kSndPcmSetParams, 24},
                   {kSndPcmPrepare, 8}, {kSndPcmRelease, 8},
                   {kSndPcmStart, 8},   {kSndPcmStop, 8}};
  for (const auto& kind : kRequests) {
    Bytes request(kind.size - 1);
    std::memcpy(request.data(), &kind.code, 4);
    for (; request.size() >= 4; request.pop_back()) {
      EXPECT_EQ(guest_.Request(request, 64), ToBytes(SndHeader{0x8001}))
          << kind.code << " of " << request.size();
    }
  }
}

}  // namespace
}  // namespace earshot
