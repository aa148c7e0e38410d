#ifndef EARSHOT_DEVICE_SOUND_CONFORMANCE_FIXTURE_H_
#define EARSHOT_DEVICE_SOUND_CONFORMANCE_FIXTURE_H_

#include <cstdint>
#include <cstring>
#include <ostream>
#include <utility>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"
#include "device/sound/virtio_snd.h"
#include "gtest/gtest.h"

namespace earshot {

inline void PrintTo(PcmStream::State state, std::ostream* os) {
  *os << ToString(state);
}

// What the conformance tests have in common: a device as a guest sees it, with
// two streams. They go through the rings, state what the specification (virtio
// 1.4, 5.14) says, and cite where.
class ConformanceTest : public ::testing::Test {
 protected:
  using Bytes = std::vector<uint8_t>;
  using State = PcmStream::State;

  static constexpr uint32_t kStreams = 2;
  static constexpr uint32_t kPeriod = 480;  // frames of 4 bytes: 10 ms
  static constexpr SndStatus kOk = SndStatus::kOk;
  static constexpr SndStatus kBadMsg = SndStatus::kBadMsg;
  static constexpr SndStatus kNotSupp = SndStatus::kNotSupp;
  static constexpr SndStatus kIoErr = SndStatus::kIoErr;

  explicit ConformanceTest(SoundDeviceOptions options = {})
      : device_({&outputs_[0], &outputs_[1]}, options) {}
  ~ConformanceTest() override {
    for (const FakePcmOutput& output : outputs_) {
      EXPECT_EQ(output.misuse(), "");
    }
  }

  // S16 stereo at 48 kHz, four periods of 10 ms.
  static SndPcmSetParams GoodParams(uint32_t id) {
    return {{{kSndPcmSetParams}, id},
            4 * 4 * kPeriod,
            4 * kPeriod,
            0,
            2,
            kSndFormatS16,
            kSndRate48000,
            0};
  }
  SndStatus Do(SndCode command, uint32_t id = 0) {
    return command == kSndPcmSetParams ? guest_.SetParams(GoodParams(id))
                                       : guest_.Command(command, id);
  }
  State state(uint32_t id = 0) { return device_.stream(id).state(); }

  // From kInitial.
  void BringTo(State state, uint32_t id = 0) {
    const std::vector<SndCode> kWay[] = {
        {},
        {kSndPcmSetParams},
        {kSndPcmSetParams, kSndPcmPrepare},
        {kSndPcmSetParams, kSndPcmPrepare, kSndPcmStart},
        {kSndPcmSetParams, kSndPcmPrepare, kSndPcmStart, kSndPcmStop},
        {kSndPcmSetParams, kSndPcmPrepare, kSndPcmRelease},
    };
    for (SndCode command : kWay[static_cast<int>(state)]) {
      ASSERT_EQ(Do(command, id), kOk);
    }
    ASSERT_EQ(device_.stream(id).state(), state);
  }

  uint64_t SendPeriod(uint32_t id = 0, uint8_t value = 1) {
    return guest_.SendTx(id, Bytes(4 * kPeriod, value));
  }
  std::vector<SndStatus> TxStatuses() {
    std::vector<SndStatus> statuses;
    for (const auto& answer : guest_.CollectTx()) {
      statuses.push_back(answer.status);
    }
    return statuses;
  }

  // An INFO request that is expected to succeed.
  template <typename T>
  std::vector<T> Query(SndCode code, uint32_t start, uint32_t count) {
    const Bytes answer = guest_.Request(
        ToBytes(SndQueryInfo{{code}, start, count, sizeof(T)}),
        static_cast<uint32_t>(sizeof(SndHeader) + count * sizeof(T)));
    SndHeader header{};
    std::memcpy(&header, answer.data(), sizeof(header));
    EXPECT_EQ(static_cast<SndStatus>(header.code), kOk);
    std::vector<T> infos;
    for (size_t at = sizeof(header); at + sizeof(T) <= answer.size();
         at += sizeof(T)) {
      std::memcpy(&infos.emplace_back(), answer.data() + at, sizeof(T));
    }
    EXPECT_EQ(infos.size(), count);
    return infos;
  }
  SndConfig Config() {
    SndConfig config{};
    device_.ReadConfig(
        0, absl::MakeSpan(reinterpret_cast<uint8_t*>(&config), sizeof(config)));
    return config;
  }

  void GiveEventBuffers(int count) {
    for (int i = 0; i < count; ++i) {
      driver().Add(kSndEventQueue, {.writable = {sizeof(SndEvent)}});
    }
    driver().Kick(kSndEventQueue);
  }
  // Code and data of each event that came.
  std::vector<std::pair<uint32_t, uint32_t>> Events() {
    std::vector<std::pair<uint32_t, uint32_t>> events;
    for (const UsedChain& used : driver().Collect(kSndEventQueue)) {
      SndEvent event{};
      EXPECT_EQ(used.written, sizeof(event));
      std::memcpy(&event, used.bytes.data(), sizeof(event));
      events.emplace_back(event.code, event.data);
    }
    return events;
  }
  // An output's far end comes or goes; the wiring polls the device then.
  void SetConnected(uint32_t id, bool connected) {
    outputs_[id].set_connected(connected);
    device_.OnTimer(driver().now());
  }

  FakeDriver& driver() { return guest_.driver(); }

  FakePcmOutput outputs_[kStreams];
  SoundDevice device_;
  FakeSoundDriver guest_{&device_};
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_CONFORMANCE_FIXTURE_H_
