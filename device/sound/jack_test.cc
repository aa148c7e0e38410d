#include "device/sound/jack.h"

#include "device/sound/fake_pcm_output.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using ::testing::Each;

class JackTest : public ::testing::Test {
 protected:
  void Set(bool connected) {
    output_.set_connected(connected);
    jack_.Poll(now_);
  }
  void Pass(nanoseconds time) {
    now_ += time;
    jack_.Poll(now_);
  }

  FakePcmOutput output_;
  Jack jack_{&output_, 2};
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST_F(JackTest, IsPluggedOutUntilTheOutputWasThere) {
  EXPECT_FALSE(jack_.connected());
  Set(false);
  EXPECT_FALSE(jack_.connected());
  EXPECT_EQ(jack_.NextDeadline(), MonotonicTime::max());
}

TEST_F(JackTest, SaysAtOnceThatTheOutputIsThere) {
  Set(false);
  Set(true);
  EXPECT_TRUE(jack_.connected());
  EXPECT_EQ(jack_.Info().connected, 1);
}

TEST_F(JackTest, SaysThatTheOutputIsGoneWhenThatHasLasted) {
  Set(true);
  Set(false);
  EXPECT_TRUE(jack_.connected());
  ASSERT_EQ(jack_.NextDeadline(), now_ + Jack::kOutage);
  Pass(Jack::kOutage - nanoseconds(1));
  EXPECT_TRUE(jack_.connected());
  Pass(nanoseconds(1));
  EXPECT_FALSE(jack_.connected());
  EXPECT_EQ(jack_.Info().connected, 0);
  EXPECT_EQ(jack_.NextDeadline(), MonotonicTime::max());
}

TEST_F(JackTest, AShortLossIsNoPlugThatIsPulled) {
  Set(true);
  for (int i = 0; i < 100; ++i) {
    Set(false);
    Pass(milliseconds(900));
    EXPECT_TRUE(jack_.connected());
    Set(true);
    EXPECT_EQ(jack_.NextDeadline(), MonotonicTime::max());
    Pass(milliseconds(200));
    EXPECT_TRUE(jack_.connected());
  }
}

// virtio 5.14.6.4.1.1, and what Linux makes a "Line Out" jack of.
TEST_F(JackTest, IsALineOutputThatDetectsPresence) {
  const SndJackInfo info = jack_.Info();
  EXPECT_EQ(info.hda_fn_nid, 2u);
  EXPECT_EQ(info.features, 0u);
  EXPECT_EQ(info.hda_reg_defconf >> 30, 0u);        // a jack
  EXPECT_EQ(info.hda_reg_defconf >> 20 & 0xf, 0u);  // line out
  EXPECT_NE(info.hda_reg_defconf >> 4 & 0xf, 0u);   // association: not 0
  EXPECT_EQ(info.hda_reg_caps, uint32_t{1} << 2 | 1 << 4);
  EXPECT_THAT(info.padding, Each(0));
}

}  // namespace
}  // namespace earshot
