#include "client/rate_converter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <random>
#include <vector>

namespace earshot {
namespace {

constexpr int kOut = 48000;
constexpr int kRates[] = {11025, 22050, 32000,  44100, 64000,
                          88200, 96000, 176400, 192000};

std::unique_ptr<RateConverter> Make(int rate_hz, int channels) {
  auto converter = RateConverter::Create(rate_hz, kOut, channels);
  EXPECT_TRUE(converter.ok()) << converter.status();
  return *std::move(converter);
}

// Tones that the lowest rate has, too; the channels differ.
double SoundAt(double seconds, int channel) {
  return 0.3 * std::sin(2 * M_PI * (440 + 100 * channel) * seconds) +
         0.3 * std::sin(2 * M_PI * 2997 * seconds);
}

std::vector<float> Sound(int frames, int rate_hz, int channels) {
  std::vector<float> pcm;
  for (int i = 0; i < frames; ++i) {
    for (int c = 0; c < channels; ++c) {
      pcm.push_back(
          static_cast<float>(SoundAt(static_cast<double>(i) / rate_hz, c)));
    }
  }
  return pcm;
}

void TakeAll(RateConverter& converter, std::vector<float>& out) {
  const auto taken = converter.Take(converter.ready_frames());
  out.insert(out.end(), taken.begin(), taken.end());
}

// Of a second after the first tenth.
double SnrDb(const std::vector<float>& out, int channels) {
  double signal = 0;
  double noise = 1e-30;
  for (int i = kOut / 10; i < kOut; ++i) {
    for (int c = 0; c < channels; ++c) {
      const double want = SoundAt(static_cast<double>(i) / kOut, c);
      const double error = out[i * channels + c] - want;
      signal += want * want;
      noise += error * error;
    }
  }
  return 10 * std::log10(signal / noise);
}

TEST(RateConverterTest, SoundStaysWhereItIs) {
  for (int rate : kRates) {
    for (int channels : {1, 2, 8}) {
      auto converter = Make(rate, channels);
      std::vector<float> out;
      converter->Write(Sound(rate, rate, channels));
      TakeAll(*converter, out);
      converter->Finish(kOut - static_cast<int64_t>(out.size()) / channels);
      TakeAll(*converter, out);
      ASSERT_GE(out.size(), static_cast<size_t>(kOut) * channels);
      // The end is not of interest: there, the sound is cut off.
      out.resize(static_cast<size_t>(kOut) * channels);
      for (int i = kOut - kOut / 20; i < kOut; ++i) {
        for (int c = 0; c < channels; ++c) {
          out[i * channels + c] =
              static_cast<float>(SoundAt(static_cast<double>(i) / kOut, c));
        }
      }
      const double snr = SnrDb(out, channels);
      if (channels == 2) {
        std::cout << "rate=" << rate << " snr_db=" << snr
                  << " lag_ms=" << 1e3 * converter->lag_frames() / kOut << "\n";
      }
      EXPECT_GT(snr, 100) << rate;
    }
  }
}

TEST(RateConverterTest, IsNeverLaterThanItSays) {
  for (int rate : kRates) {
    auto converter = Make(rate, 2);
    EXPECT_LT(converter->lag_frames(), kOut * (rate < 20000 ? 20 : 6) / 1000)
        << rate;
    std::minstd_rand random(1);
    const std::vector<float> in = Sound(2 * rate, rate, 2);
    absl::Span<const float> rest = in;
    int64_t went_in = 0;
    int64_t came_out = 0;
    while (!rest.empty()) {
      const auto piece = rest.subspan(0, 2 * (random() % 500));
      converter->Write(piece);
      rest.remove_prefix(piece.size());
      went_in += static_cast<int64_t>(piece.size()) / 2;
      came_out += converter->ready_frames();
      converter->Take(converter->ready_frames());
      ASSERT_GE(
          static_cast<double>(came_out),
          static_cast<double>(went_in) * kOut / rate - converter->lag_frames())
          << rate;
    }
  }
}

TEST(RateConverterTest, PiecesOfAnySizeSoundTheSame) {
  const std::vector<float> in = Sound(44100, 44100, 2);
  auto converter = Make(44100, 2);
  converter->Write(in);
  converter->Finish(48000);
  std::vector<float> whole;
  TakeAll(*converter, whole);
  converter->Restart();
  std::vector<float> pieces;
  std::minstd_rand random(1);
  absl::Span<const float> rest = in;
  while (!rest.empty()) {
    const auto piece = rest.subspan(0, 2 * (random() % 700));
    converter->Write(piece);
    rest.remove_prefix(piece.size());
    TakeAll(*converter, pieces);
  }
  converter->Finish(48000 - static_cast<int64_t>(pieces.size()) / 2);
  TakeAll(*converter, pieces);
  whole.resize(96000);
  pieces.resize(96000);
  EXPECT_EQ(whole, pieces);
}

TEST(RateConverterTest, ZerosBecomeZeros) {
  for (int rate : kRates) {
    auto converter = Make(rate, 2);
    std::vector<float> in = Sound(rate / 2, rate, 2);
    in.resize(static_cast<size_t>(rate) * 2);
    converter->Write(in);
    std::vector<float> out;
    TakeAll(*converter, out);
    // 100 ms after the sound's end, and from there on.
    const auto from = out.begin() + 2 * kOut * 6 / 10;
    ASSERT_LT(from, out.end());
    EXPECT_TRUE(std::all_of(from, out.end(), [](float x) { return x == 0; }))
        << rate;
  }
}

TEST(RateConverterTest, StartsAnewWithoutARest) {
  auto converter = Make(44100, 1);
  const std::vector<float> in = Sound(4410, 44100, 1);
  std::vector<float> first;
  converter->Write(in);
  TakeAll(*converter, first);
  converter->Write(in);
  converter->Restart();
  EXPECT_EQ(converter->ready_frames(), 0);
  std::vector<float> second;
  converter->Write(in);
  TakeAll(*converter, second);
  EXPECT_EQ(first, second);
}

TEST(RateConverterTest, TheEndOfAShortSoundComesOut) {
  auto converter = Make(44100, 1);
  converter->Write(std::vector<float>(10, 0.5f));
  EXPECT_EQ(converter->ready_frames(), 0);
  converter->Finish(11);
  ASSERT_GE(converter->ready_frames(), 11);
  const auto out = converter->Take(11);
  EXPECT_GT(*std::max_element(out.begin(), out.end()), 0.4f);
}

TEST(RateConverterTest, WhatIsNoNumberPasses) {
  auto converter = Make(44100, 1);
  std::vector<float> in = Sound(44100, 44100, 1);
  in[1000] = std::nanf("");
  in[1001] = INFINITY;
  converter->Write(in);
  std::vector<float> out;
  TakeAll(*converter, out);
  EXPECT_TRUE(std::isfinite(out.back()));
}

TEST(RateConverterTest, RefusesWhatIsNoRate) {
  EXPECT_FALSE(RateConverter::Create(0, 48000, 2).ok());
  EXPECT_FALSE(RateConverter::Create(44100, 48000, 0).ok());
}

}  // namespace
}  // namespace earshot
