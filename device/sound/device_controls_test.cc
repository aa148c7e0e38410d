// Control elements of the whole device, over its rings: the feature, the
// configuration, and notifications (virtio 1.3, 5.14.6.10).
#include <chrono>
#include <cstring>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/sound_device.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kValueChanged = uint32_t{kSndCtlEventValue} << 16;

class DeviceControlsTest : public ::testing::Test {
 protected:
  static uint32_t ControlsIn(const SoundDevice& device) {
    SndConfig config{};
    device.ReadConfig(
        0, absl::MakeSpan(reinterpret_cast<uint8_t*>(&config), sizeof(config)));
    return config.controls;
  }
  static SndStatus StatusOf(const std::vector<uint8_t>& answer) {
    SndHeader header{};
    std::memcpy(&header, answer.data(), sizeof(header));
    return static_cast<SndStatus>(header.code);
  }
  static SndStatus Write(FakeSoundDriver& driver, uint32_t id, uint32_t value) {
    std::vector<uint8_t> request = ToBytes(SndCtlHeader{{kSndCtlWrite}, id});
    const std::vector<uint8_t> bytes = ToBytes(SndCtlValue{{value}});
    request.insert(request.end(), bytes.begin(), bytes.end());
    return StatusOf(driver.Request(request));
  }
  static uint32_t Read(FakeSoundDriver& driver, uint32_t id) {
    const std::vector<uint8_t> answer =
        driver.Request(ToBytes(SndCtlHeader{{kSndCtlRead}, id}),
                       sizeof(SndHeader) + sizeof(SndCtlValue));
    EXPECT_EQ(StatusOf(answer), SndStatus::kOk);
    uint32_t value = 0;
    std::memcpy(&value, answer.data() + sizeof(SndHeader), sizeof(value));
    return value;
  }
  // The data of the notifications that came.
  static std::vector<uint32_t> TakeEvents(FakeSoundDriver& driver) {
    std::vector<uint32_t> data;
    for (const UsedChain& used : driver.driver().Collect(kSndEventQueue)) {
      SndEvent event{};
      std::memcpy(&event, used.bytes.data(), sizeof(event));
      EXPECT_EQ(event.code, kSndEvtCtlNotify);
      data.push_back(event.data);
    }
    return data;
  }
  static void GiveEventBuffers(FakeSoundDriver& driver) {
    for (int i = 0; i < 8; ++i) {
      driver.driver().Send(kSndEventQueue, {.writable = {sizeof(SndEvent)}});
    }
  }

  FakePcmOutput output_;
  SoundDevice device_{{&output_},
                      {.offer = {}, .jacks = false, .controls = true}};
};

TEST_F(DeviceControlsTest, AreOfferedOnlyIfTheyAreAskedFor) {
  SoundDevice without({&output_});
  EXPECT_EQ(without.device_features() & kSndFeatureCtls, 0u);
  EXPECT_EQ(ControlsIn(without), 0u);
  FakeSoundDriver driver(&without);
  EXPECT_EQ(Write(driver, 0, 80), SndStatus::kNotSupp);
  EXPECT_EQ(device_.device_features(), kSndFeatureCtls);
}

// 2.5.1: also before the driver has accepted the feature.
TEST_F(DeviceControlsTest, TheConfigurationTellsHowManyThereAre) {
  EXPECT_EQ(ControlsIn(device_), 2u);
}

TEST_F(DeviceControlsTest, ADriverThatDidNotAcceptTheFeatureIsRefused) {
  FakeSoundDriver driver(&device_);
  driver.driver().Start(0);
  EXPECT_EQ(Write(driver, 0, 80), SndStatus::kNotSupp);
  EXPECT_EQ(output_.volume(), StreamVolume());
}

TEST_F(DeviceControlsTest, TheGuestSetsAndReadsThem) {
  FakeSoundDriver driver(&device_);
  EXPECT_EQ(Write(driver, 0, 80), SndStatus::kOk);
  EXPECT_EQ(Write(driver, 1, 0), SndStatus::kOk);
  EXPECT_EQ(output_.volume(), (StreamVolume{-20, true}));
  EXPECT_EQ(Read(driver, 0), 80u);
  EXPECT_EQ(Read(driver, 1), 0u);
}

// Linux tells its programs only what the device notifies it of, and mixer-test
// looks for that right after it has read the value back.
TEST_F(DeviceControlsTest, TheGuestsOwnChangeIsToldBeforeItsNextAnswer) {
  FakeSoundDriver driver(&device_);
  GiveEventBuffers(driver);
  ASSERT_EQ(Write(driver, 0, 80), SndStatus::kOk);
  EXPECT_THAT(TakeEvents(driver), ElementsAre(0 | kValueChanged));
  ASSERT_EQ(Write(driver, 0, 80), SndStatus::kOk);
  Read(driver, 0);
  EXPECT_THAT(TakeEvents(driver), IsEmpty());
}

TEST_F(DeviceControlsTest, WhatOthersSetIsToldWhenTheDeviceIsPolled) {
  FakeSoundDriver driver(&device_);
  GiveEventBuffers(driver);
  EXPECT_EQ(Read(driver, 0), 120u);
  output_.SetVolume({-10, true}, driver.driver().now());
  device_.OnTimer(driver.driver().now());
  EXPECT_THAT(TakeEvents(driver),
              ElementsAre(0 | kValueChanged, 1 | kValueChanged));
  EXPECT_EQ(Read(driver, 0), 100u);
  EXPECT_EQ(Read(driver, 1), 0u);
}

TEST_F(DeviceControlsTest, ADriverWithoutBuffersIsToldTheLastStateOnce) {
  FakeSoundDriver driver(&device_);
  for (uint32_t step = 0; step < 100; ++step) Write(driver, 0, step);
  GiveEventBuffers(driver);
  driver.Advance(milliseconds(10));
  device_.OnTimer(driver.driver().now());
  EXPECT_THAT(TakeEvents(driver), ElementsAre(0 | kValueChanged));
  EXPECT_EQ(Read(driver, 0), 99u);
}

TEST_F(DeviceControlsTest, TheVolumeSurvivesAReset) {
  FakeSoundDriver driver(&device_);
  Write(driver, 0, 80);
  driver.driver().Start();
  GiveEventBuffers(driver);
  EXPECT_EQ(Read(driver, 0), 80u);
  EXPECT_THAT(TakeEvents(driver), IsEmpty());
}

}  // namespace
}  // namespace earshot
