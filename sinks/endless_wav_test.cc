#include "sinks/endless_wav.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <csignal>
#include <vector>

namespace earshot {
namespace {

const ChannelLayout kStereo = LayoutOf(2, {});

TEST(EndlessWavTest, APipeHoldsWhatAReaderFinds) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto wav = EndlessWav::Begin(std::make_unique<NewFile>(ends[1], "-"), 44100,
                               kStereo);
  ASSERT_TRUE(wav.ok()) << wav.status();
  const std::vector<int16_t> samples = {1, -1, 20000, -20000};
  ASSERT_TRUE((*wav)->Append(samples).ok());
  ASSERT_TRUE((*wav)->UpdateHeader().ok());
  wav->reset();
  SF_INFO info = {};
  SNDFILE* const sound = sf_open_fd(ends[0], SFM_READ, &info, /*close=*/1);
  ASSERT_NE(sound, nullptr) << sf_strerror(nullptr);
  EXPECT_EQ(info.samplerate, 44100);
  EXPECT_EQ(info.channels, 2);
  std::vector<int16_t> read(6);
  EXPECT_EQ(sf_read_short(sound, read.data(), 6), 4);
  read.resize(4);
  EXPECT_EQ(read, samples);
  sf_close(sound);
}

TEST(EndlessWavTest, AReaderThatHasGoneIsAnError) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto wav = EndlessWav::Begin(std::make_unique<NewFile>(ends[1], "-"), 48000,
                               kStereo);
  ASSERT_TRUE(wav.ok());
  close(ends[0]);
  EXPECT_FALSE((*wav)->Append(std::vector<int16_t>(2)).ok());
}

}  // namespace
}  // namespace earshot
