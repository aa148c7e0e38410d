#include "client/cli/listen/hearing_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <utility>
#include <vector>

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int kRate = 16000;
constexpr int kPacket = 160;  // 10 ms
constexpr double kTone = 997;

// A stream that comes over a network, in virtual time, and a card that plays
// it: by a clock that runs faster by `ppm`, in pulls of 10 ms.
class Hearing {
 public:
  explicit Hearing(double ppm = 0) : ppm_(ppm) {}

  // Each packet comes so much later than it is due, by chance.
  void SetJitter(microseconds from, microseconds to) {
    from_ = from;
    to_ = to;
  }
  // No packet comes in this time: they all come then.
  void Hold(milliseconds time) { held_until_ = now_ + time; }
  void StopSending() { sends_ = false; }
  void GoOnSending() {
    sends_ = true;
    next_due_ = now_;
  }

  void Run(nanoseconds time) {
    const MonotonicTime end = now_ + time;
    while (now_ < end) {
      now_ += microseconds(500);
      Send();
      Pull();
    }
  }

  HearingBuffer& buffer() { return buffer_; }
  std::vector<float> TakeHeard() { return std::exchange(heard_, {}); }
  MonotonicTime now() const { return now_; }

 private:
  struct Packet {
    MonotonicTime due;
    MonotonicTime arrival;
    std::vector<float> pcm;
  };

  void Send() {
    while (sends_ && next_due_ <= now_) {
      Packet packet{next_due_, next_due_, {}};
      packet.arrival += microseconds(std::uniform_int_distribution<int64_t>(
          from_.count(), to_.count())(random_));
      // TCP: none overtakes another.
      packet.arrival = std::max({packet.arrival, last_arrival_, held_until_});
      last_arrival_ = packet.arrival;
      for (int i = 0; i < kPacket; ++i, ++frame_) {
        packet.pcm.push_back(static_cast<float>(
            0.5 *
            std::sin(2 * M_PI * kTone * static_cast<double>(frame_) / kRate)));
      }
      under_way_.push_back(std::move(packet));
      next_due_ += milliseconds(10);
    }
    while (!under_way_.empty() && under_way_.front().arrival <= now_) {
      buffer_.Add(under_way_.front().pcm, true, now_);
      under_way_.pop_front();
    }
  }

  void Pull() {
    const double passed =
        std::chrono::duration<double>(now_ - MonotonicTime()).count();
    while (static_cast<double>(pulls_) < passed * 100 * (1 + ppm_ / 1e6)) {
      ++pulls_;
      std::vector<float> out(kPacket);
      buffer_.PlayOut(absl::MakeSpan(out), now_);
      heard_.insert(heard_.end(), out.begin(), out.end());
    }
  }

  const double ppm_;
  HearingBuffer buffer_{kRate, 1};
  std::minstd_rand random_{1};
  MonotonicTime now_;
  MonotonicTime next_due_;
  MonotonicTime last_arrival_;
  MonotonicTime held_until_;
  microseconds from_{0};
  microseconds to_{0};
  bool sends_ = true;
  int64_t frame_ = 0;
  int64_t pulls_ = 0;
  std::deque<Packet> under_way_;
  std::vector<float> heard_;
};

// How far the sound is from a sine of any pitch near the tone's, in dB, in
// windows of 50 ms: what a jump or a click would spoil.
double WorstSnr(const std::vector<float>& heard) {
  constexpr size_t kWindow = kRate / 20;
  double worst = 200;
  for (size_t at = 0; at + kWindow <= heard.size(); at += kWindow) {
    double best = 0;
    for (double cents = -6; cents <= 6; cents += 0.25) {
      const double w = 2 * M_PI * kTone * std::pow(2, cents / 1200) / kRate;
      double ss = 0, cc = 0, sc = 0, xs = 0, xc = 0, xx = 0;
      for (size_t i = 0; i < kWindow; ++i) {
        const double x = heard[at + i];
        const double s = std::sin(w * static_cast<double>(i));
        const double c = std::cos(w * static_cast<double>(i));
        ss += s * s, cc += c * c, sc += s * c;
        xs += x * s, xc += x * c, xx += x * x;
      }
      const double det = ss * cc - sc * sc;
      const double a = (xs * cc - xc * sc) / det;
      const double b = (xc * ss - xs * sc) / det;
      const double rest = std::max(xx - a * xs - b * xc, 1e-12);
      best = std::max(best, 10 * std::log10(xx / rest));
    }
    worst = std::min(worst, best);
  }
  return worst;
}

TEST(HearingBufferTest, ToneComesThroughWhole) {
  Hearing hearing;
  hearing.Run(seconds(2));
  hearing.TakeHeard();
  hearing.Run(seconds(2));
  EXPECT_GT(WorstSnr(hearing.TakeHeard()), 40);
  const HearingStats stats = hearing.buffer().TakeStats();
  EXPECT_EQ(stats.gaps, 0);
  EXPECT_NEAR(stats.peak, 0.5, 0.01);
}

TEST(HearingBufferTest, FollowsTheServersClock) {
  for (const double ppm : {-300.0, 300.0}) {
    Hearing hearing(ppm);
    hearing.SetJitter(milliseconds(0), milliseconds(5));
    hearing.Run(seconds(60));
    hearing.TakeHeard();
    const HearingStats before = hearing.buffer().TakeStats();
    hearing.Run(seconds(60));
    const HearingStats after = hearing.buffer().TakeStats();
    EXPECT_EQ(after.gaps, before.gaps);
    EXPECT_NEAR(after.ppm, -ppm, 200);
    // 60 s of 300 ppm are 18 ms.
    EXPECT_NEAR(static_cast<double>((after.buffered - before.buffered).count()),
                0, 8e6);
    auto heard = hearing.TakeHeard();
    heard.resize(kRate * 2);
    EXPECT_GT(WorstSnr(heard), 40);
  }
}

TEST(HearingBufferTest, NoGapUnderJitterOnceItIsKnown) {
  Hearing hearing(50);
  hearing.SetJitter(milliseconds(15), milliseconds(25));
  hearing.Run(seconds(5));
  const int64_t gaps = hearing.buffer().TakeStats().gaps;
  hearing.Run(seconds(120));
  const HearingStats stats = hearing.buffer().TakeStats();
  EXPECT_EQ(stats.gaps, gaps);
  // The jitter, a pull, and a little.
  EXPECT_LT(stats.wanted, milliseconds(42));
  EXPECT_LT(stats.buffered, milliseconds(50));
}

// What is missing is waited for, so nothing of it is lost; later the delay
// becomes what it was.
TEST(HearingBufferTest, AStallCostsOneGapAndNoSound) {
  Hearing hearing;
  hearing.Run(seconds(40));
  const HearingStats before = hearing.buffer().TakeStats();
  hearing.Hold(milliseconds(200));
  hearing.Run(seconds(5));
  const HearingStats after = hearing.buffer().TakeStats();
  EXPECT_EQ(after.gaps, before.gaps + 1);
  EXPECT_EQ(after.late_frames, 0);
  EXPECT_NEAR(static_cast<double>(after.gap_frames - before.gap_frames),
              0.18 * kRate, 0.03 * kRate);
  EXPECT_GT(after.wanted, milliseconds(190));
  hearing.Run(seconds(160));
  const HearingStats later = hearing.buffer().TakeStats();
  EXPECT_EQ(later.gaps, after.gaps);
  EXPECT_LT(later.buffered, milliseconds(40));
}

TEST(HearingBufferTest, WhatIsFarTooLateIsLeftOut) {
  Hearing hearing;
  hearing.Run(seconds(2));
  hearing.Hold(milliseconds(2000));
  hearing.Run(seconds(5));
  const HearingStats stats = hearing.buffer().TakeStats();
  EXPECT_GT(stats.late_frames, kRate);
  EXPECT_LT(stats.buffered, milliseconds(800));
}

// Sound from before one came is heard as far as it is not too late.
TEST(HearingBufferTest, BeginsAtOnceWithWhatWasBefore) {
  HearingBuffer buffer(kRate, 1);
  const MonotonicTime now = MonotonicTime() + seconds(100);
  std::vector<float> pcm(kPacket, 0.25f);
  std::vector<float> out(kPacket);
  for (int i = 0; i < 30; ++i) {  // the card's buffer is filled
    buffer.PlayOut(absl::MakeSpan(out), now - milliseconds(10) * (30 - i));
  }
  for (int i = 0; i < 12; ++i) buffer.Add(pcm, i == 11, now);
  for (int i = 0; i < 3; ++i) {
    buffer.PlayOut(absl::MakeSpan(out), now + milliseconds(10) * i);
  }
  EXPECT_NEAR(out.back(), 0.25f, 0.01f);
  const HearingStats stats = buffer.TakeStats();
  EXPECT_LT(stats.buffered, milliseconds(50));
  EXPECT_EQ(stats.gaps, 0);
}

TEST(HearingBufferTest, SilenceIsNoGap) {
  Hearing hearing;
  hearing.Run(seconds(3));
  const int64_t gaps = hearing.buffer().TakeStats().gaps;
  for (int i = 0; i < 5; ++i) {
    hearing.StopSending();
    hearing.buffer().EndRun();
    hearing.Run(milliseconds(700));
    auto heard = hearing.TakeHeard();
    heard.erase(heard.begin(), heard.end() - kRate / 2);
    for (const float sample : heard) ASSERT_LT(std::abs(sample), 1e-3f);
    hearing.GoOnSending();
    hearing.Run(milliseconds(700));
  }
  EXPECT_EQ(hearing.buffer().TakeStats().gaps, gaps);
}

TEST(HearingBufferTest, VolumeIsHeardWithoutClicks) {
  Hearing hearing;
  hearing.Run(seconds(1));
  hearing.buffer().SetGain(0.1f);
  hearing.Run(milliseconds(100));
  hearing.buffer().TakeStats();
  hearing.Run(milliseconds(100));
  EXPECT_NEAR(hearing.buffer().TakeStats().peak, 0.05, 0.005);
  hearing.buffer().SetGain(0);
  hearing.Run(milliseconds(100));
  hearing.buffer().TakeStats();
  hearing.Run(milliseconds(100));
  EXPECT_EQ(hearing.buffer().TakeStats().peak, 0);
}

// A listener who does not pull, whose card has stopped, holds no more and more.
TEST(HearingBufferTest, HoldsLittleWhereNothingPulls) {
  HearingBuffer buffer(kRate, 1);
  const std::vector<float> pcm(kPacket);
  for (int i = 0; i < 100000; ++i) {
    buffer.Add(pcm, true, MonotonicTime() + milliseconds(10) * i);
  }
  EXPECT_LE(buffer.TakeStats().buffered, seconds(3));
}

}  // namespace
}  // namespace earshot
