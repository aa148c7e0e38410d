#include "server/session_playout.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "server/session.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{5};
constexpr int kFrames = 480;

// Pulls as much as time goes.
class SteadySink : public AudioSink {
 public:
  void Start(SoundSource* source, MonotonicTime) override { source_ = source; }
  void Tick(MonotonicTime now) override {
    std::vector<float> out(48 * kTick.count());
    source_->PlayOut(absl::MakeSpan(out), now);
  }
  void Stop() override {}
  std::string description() const override { return "steady"; }
  std::string problem() const override { return ""; }

 private:
  SoundSource* source_ = nullptr;
};

class SessionPlayoutTest : public testing::Test {
 protected:
  SessionPlayoutTest()
      : playout_(
            "vms/test/streams/0", session_,
            [this](const EpochParams&) {
              began_.push_back(now_);
              return std::make_unique<SteadySink>();
            },
            [](const EpochParams&) { return nullptr; }, [] {}, [] {}) {}

  void AddEpoch(uint64_t epoch) {
    EpochParams params;
    params.epoch = epoch;
    params.channels = 1;
    params.codec = MediaCodec::kPcmS16le;
    ASSERT_TRUE(session_->Begin(call_, params, now_).ok());
    ASSERT_TRUE(session_
                    ->AddPacket(call_, 0, kFrames,
                                std::string(2 * kFrames, 'x'), 0, now_)
                    .ok());
    ASSERT_TRUE(session_->End(call_, kFrames, now_).ok());
  }

  void Tick() {
    now_ += kTick;
    ASSERT_TRUE(playout_.Tick(now_));
  }

  MonotonicTime now_ = MonotonicTime(std::chrono::hours(1));
  const std::shared_ptr<Session> session_ =
      std::make_shared<Session>(PlayoutConfig());
  const uint64_t call_ = session_->Attach(0, now_)->call;
  std::vector<MonotonicTime> began_;
  SessionPlayout playout_;
};

// A guest that opens and closes its card again and again is as fast as that.
TEST_F(SessionPlayoutTest, AnEpochThatWaitsBeginsWhenTheOneBeforeHasEnded) {
  AddEpoch(1);
  AddEpoch(2);
  while (!session_->TakeDrained(call_).has_value()) Tick();
  ASSERT_EQ(began_.size(), 1u);
  Tick();
  EXPECT_EQ(began_.size(), 2u);
}

TEST_F(SessionPlayoutTest, RestsWhileThereIsNoEpochAndIsStirredByOne) {
  AddEpoch(1);
  while (!session_->TakeDrained(call_).has_value()) {
    EXPECT_FALSE(playout_.rests());
    Tick();
  }
  int stirred = 0;
  playout_.OnStirred([&] { ++stirred; });
  EXPECT_TRUE(playout_.Due(now_));  // of the first epoch
  EXPECT_TRUE(playout_.rests());
  EXPECT_FALSE(playout_.Due(now_ + milliseconds(99)));
  EXPECT_TRUE(playout_.Due(now_ + milliseconds(100)));
  AddEpoch(2);
  EXPECT_EQ(stirred, 1);
  EXPECT_FALSE(playout_.rests());
  EXPECT_TRUE(playout_.Due(now_));
}

}  // namespace
}  // namespace earshot
