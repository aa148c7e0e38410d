// Virtio 5.14.6.6: the life of a stream. Transitions, SET_PARAMS, RELEASE.
#include <limits>
#include <ostream>
#include <vector>

#include "device/sound/conformance_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using State = PcmStream::State;

constexpr SndCode kCommands[] = {kSndPcmSetParams, kSndPcmPrepare, kSndPcmStart,
                                 kSndPcmStop, kSndPcmRelease};
constexpr State kStates[] = {State::kInitial,  State::kParamsSet,
                             State::kPrepared, State::kRunning,
                             State::kStopped,  State::kReleased};
// There are two streams.
constexpr uint32_t kBadIds[] = {2, 3, 0x100, 0x10000, 0x80000000, 0xffffffff};

// --- 5.14.6.6.1, "PCM Command Lifecycle": each state, each command.

struct Transition {
  State from;
  SndCode command;
  bool legal;
  State to;
};

void PrintTo(const Transition& transition, std::ostream* os) {
  *os << ToString(transition.from) << ", command 0x" << std::hex
      << transition.command << std::dec;
}

class LifecycleTest : public ConformanceTest,
                      public ::testing::WithParamInterface<Transition> {};

TEST_P(LifecycleTest, IsAsTheTableSays) {
  const Transition& transition = GetParam();
  BringTo(transition.from);
  BringTo(State::kStopped, 1);
  EXPECT_EQ(Do(transition.command), transition.legal ? kOk : kBadMsg);
  EXPECT_EQ(state(), transition.to);
  EXPECT_EQ(state(1), State::kStopped);
}

// A stream that does not exist has no state that could be right.
TEST_P(LifecycleTest, ForAStreamThatDoesNotExistItIsABadMessage) {
  BringTo(GetParam().from);
  for (uint32_t id : kBadIds) {
    EXPECT_EQ(Do(GetParam().command, id), kBadMsg) << id;
  }
  EXPECT_EQ(state(0), GetParam().from);
  EXPECT_EQ(state(1), State::kInitial);
}

TEST_P(LifecycleTest, AnIllegalCommandLeavesTheSoundAlone) {
  const Transition& transition = GetParam();
  BringTo(transition.from);
  if (transition.legal || !device_.stream(0).has_epoch()) return;
  SendPeriod();
  SendPeriod();
  EXPECT_EQ(Do(transition.command), kBadMsg);
  EXPECT_THAT(TxStatuses(), IsEmpty());
  if (transition.from != State::kRunning) {
    ASSERT_EQ(Do(kSndPcmStart), kOk);
  }
  driver().Advance(milliseconds(25));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk, kOk));
}

constexpr bool kYes = true;
constexpr bool kNo = false;

// RELEASE of a stream that holds nothing is no transition, and succeeds: Linux
// sends it at open() if it misses a buffer.
INSTANTIATE_TEST_SUITE_P(
    5_14_6_6_1, LifecycleTest,
    ::testing::Values(
        Transition{State::kInitial, kSndPcmSetParams, kYes, State::kParamsSet},
        Transition{State::kInitial, kSndPcmPrepare, kNo, State::kInitial},
        Transition{State::kInitial, kSndPcmStart, kNo, State::kInitial},
        Transition{State::kInitial, kSndPcmStop, kNo, State::kInitial},
        Transition{State::kInitial, kSndPcmRelease, kYes, State::kInitial},

        Transition{State::kParamsSet, kSndPcmSetParams, kYes,
                   State::kParamsSet},
        Transition{State::kParamsSet, kSndPcmPrepare, kYes, State::kPrepared},
        Transition{State::kParamsSet, kSndPcmStart, kNo, State::kParamsSet},
        Transition{State::kParamsSet, kSndPcmStop, kNo, State::kParamsSet},
        Transition{State::kParamsSet, kSndPcmRelease, kYes, State::kParamsSet},

        Transition{State::kPrepared, kSndPcmSetParams, kYes, State::kParamsSet},
        Transition{State::kPrepared, kSndPcmPrepare, kYes, State::kPrepared},
        Transition{State::kPrepared, kSndPcmStart, kYes, State::kRunning},
        Transition{State::kPrepared, kSndPcmStop, kNo, State::kPrepared},
        Transition{State::kPrepared, kSndPcmRelease, kYes, State::kReleased},

        Transition{State::kRunning, kSndPcmSetParams, kNo, State::kRunning},
        Transition{State::kRunning, kSndPcmPrepare, kNo, State::kRunning},
        Transition{State::kRunning, kSndPcmStart, kNo, State::kRunning},
        Transition{State::kRunning, kSndPcmStop, kYes, State::kStopped},
        Transition{State::kRunning, kSndPcmRelease, kNo, State::kRunning},

        Transition{State::kStopped, kSndPcmSetParams, kNo, State::kStopped},
        Transition{State::kStopped, kSndPcmPrepare, kNo, State::kStopped},
        Transition{State::kStopped, kSndPcmStart, kYes, State::kRunning},
        Transition{State::kStopped, kSndPcmStop, kNo, State::kStopped},
        Transition{State::kStopped, kSndPcmRelease, kYes, State::kReleased},

        Transition{State::kReleased, kSndPcmSetParams, kYes, State::kParamsSet},
        Transition{State::kReleased, kSndPcmPrepare, kYes, State::kPrepared},
        Transition{State::kReleased, kSndPcmStart, kNo, State::kReleased},
        Transition{State::kReleased, kSndPcmStop, kNo, State::kReleased},
        Transition{State::kReleased, kSndPcmRelease, kYes, State::kReleased}));

class CommandTest : public ConformanceTest {};

// 5.14.6: "the response part has, or consists of, a common header": whatever
// the command, its state and its stream, one status and no more comes back.
TEST_F(CommandTest, EveryCommandGetsExactlyOneStatus) {
  for (State from : kStates) {
    for (SndCode command : kCommands) {
      for (uint32_t id : {0u, 1u, 2u, 0xffffffffu}) {
        device_.Reset(driver().now());
        BringTo(from);
        Bytes request = ToBytes(GoodParams(id));
        std::memcpy(request.data(), &command, sizeof(uint32_t));
        EXPECT_THAT(guest_.Request(request, 64), SizeIs(sizeof(SndHeader)));
      }
    }
  }
}

// --- 5.14.6.6.3.1, "Stream Parameters".

// "If the device has an intermediate buffer, its size MUST be no less than the
// specified buffer_bytes value."
TEST_F(CommandTest, AWholeBufferOfTheGuestFits) {
  SndPcmSetParams params = GoodParams(0);
  params.period_bytes = 1 << 13;
  params.buffer_bytes = 16 << 13;
  ASSERT_EQ(guest_.SetParams(params), kOk);
  ASSERT_EQ(Do(kSndPcmPrepare), kOk);
  for (int i = 0; i < 16; ++i) guest_.SendTx(0, Bytes(params.period_bytes));
  EXPECT_THAT(TxStatuses(), IsEmpty());
  ASSERT_EQ(Do(kSndPcmStart), kOk);
  ASSERT_EQ(Do(kSndPcmStop), kOk);
  ASSERT_EQ(Do(kSndPcmRelease), kOk);
  EXPECT_THAT(TxStatuses(), SizeIs(16));
  EXPECT_EQ(outputs_[0].epoch().frames(), (16 << 13) / 4);
}

TEST_F(CommandTest, ABufferThatWouldNotFitIsNotSupported) {
  SndPcmSetParams params = GoodParams(0);
  params.period_bytes = 0x40000000;
  params.buffer_bytes = 0x40000000;
  EXPECT_EQ(guest_.SetParams(params), kNotSupp);
}

// 5.14.6.6.3.2: "The driver MUST NOT set the feature, format, and rate that are
// not specified in the stream configuration", nor such channels. What PCM_INFO
// says is exactly what SET_PARAMS takes.
TEST_F(CommandTest, SetParamsTakesExactlyWhatPcmInfoOffers) {
  const SndPcmInfo info = Query<SndPcmInfo>(kSndPcmInfo, 0, 1).at(0);
  for (int value = 0; value < 256; ++value) {
    const auto offered = [value](uint64_t bits) {
      return value < 64 && (bits >> value & 1) != 0;
    };
    SndPcmSetParams params = GoodParams(0);
    // Whole frames of every format there is.
    params.period_bytes = 9600;
    params.buffer_bytes = 4 * 9600;
    params.format = static_cast<uint8_t>(value);
    EXPECT_EQ(guest_.SetParams(params), offered(info.formats) ? kOk : kNotSupp)
        << "format " << value;
    params.format = kSndFormatS16;
    params.rate = static_cast<uint8_t>(value);
    EXPECT_EQ(guest_.SetParams(params), offered(info.rates) ? kOk : kNotSupp)
        << "rate " << value;
    params.rate = kSndRate48000;
    params.channels = static_cast<uint8_t>(value);
    const bool channels =
        value >= info.channels_min && value <= info.channels_max;
    EXPECT_EQ(guest_.SetParams(params), channels ? kOk : kNotSupp)
        << "channels " << value;
  }
  for (int bit = 0; bit < 32; ++bit) {
    SndPcmSetParams params = GoodParams(0);
    params.features = uint32_t{1} << bit;
    EXPECT_EQ(guest_.SetParams(params),
              (info.features >> bit & 1) != 0 ? kOk : kNotSupp)
        << "feature " << bit;
  }
}

// 5.14.6.6.3: shared memory "is a placeholder and MUST NOT be selected".
TEST_F(CommandTest, SharedMemoryIsNotSupported) {
  for (uint32_t features : {1u, 2u, 3u, 1u | kSndPcmEvtXruns}) {
    SndPcmSetParams params = GoodParams(0);
    params.features = features;
    EXPECT_EQ(guest_.SetParams(params), kNotSupp);
  }
}

// 5.14.6.6.3.2: "period_bytes MUST be a divider" of buffer_bytes.
TEST_F(CommandTest, PeriodsThatDoNotDivideTheBufferAreABadMessage) {
  const struct {
    uint32_t buffer;
    uint32_t period;
  } kBad[] = {{0, 0},       {0, 1920},    {1920, 0},
              {1920, 1916}, {1920, 3840}, {0xffffffff, 0xfffffffe}};
  for (const auto& bad : kBad) {
    SndPcmSetParams params = GoodParams(0);
    params.buffer_bytes = bad.buffer;
    params.period_bytes = bad.period;
    EXPECT_EQ(guest_.SetParams(params), kBadMsg) << bad.buffer;
  }
  EXPECT_EQ(state(), State::kInitial);
}

TEST_F(CommandTest, RefusedParamsChangeNothing) {
  BringTo(State::kPrepared);
  SendPeriod();
  SndPcmSetParams params = GoodParams(0);
  params.rate = kSndRate384000;
  EXPECT_EQ(guest_.SetParams(params), kNotSupp);
  EXPECT_EQ(state(), State::kPrepared);
  EXPECT_THAT(TxStatuses(), IsEmpty());
}

// --- STOP and RELEASE.

// 5.14.6.6.1: STOP is no end: what is queued waits, and START goes on with it.
TEST_F(CommandTest, StopCompletesNothing) {
  BringTo(State::kRunning);
  for (uint8_t i = 0; i < 4; ++i) SendPeriod(0, i);
  driver().Advance(milliseconds(15));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
  ASSERT_EQ(Do(kSndPcmStop), kOk);
  driver().Advance(seconds(10));
  EXPECT_THAT(TxStatuses(), IsEmpty());
  ASSERT_EQ(Do(kSndPcmStart), kOk);
  driver().Advance(milliseconds(5));
  EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
}

// 5.14.6.6.5.1: "The device MUST complete all pending I/O messages for the
// specified stream ID."
TEST_F(CommandTest, ReleaseCompletesAllPendingIo) {
  for (State from : {State::kPrepared, State::kStopped}) {
    device_.Reset(driver().now());
    BringTo(from);
    for (int i = 0; i < 5; ++i) SendPeriod();
    // Some are on the ring yet, and their kick is lost or under way.
    for (int i = 0; i < 3; ++i) guest_.AddTx(0, Bytes(4 * kPeriod));
    ASSERT_EQ(Do(kSndPcmRelease), kOk);
    EXPECT_THAT(TxStatuses(), SizeIs(8)) << ToString(from);
    EXPECT_EQ(driver().ring(kSndTxQueue).in_flight(), 0u);
  }
}

// 5.14.6.6.5.1: of "the specified stream ID", and of no other.
TEST_F(CommandTest, ReleaseLeavesTheOtherStreamsBuffers) {
  BringTo(State::kStopped, 0);
  BringTo(State::kStopped, 1);
  for (int i = 0; i < 4; ++i) {
    SendPeriod(0);
    SendPeriod(1);
  }
  ASSERT_EQ(Do(kSndPcmRelease, 1), kOk);
  EXPECT_THAT(TxStatuses(), SizeIs(4));
  EXPECT_EQ(device_.stream(0).buffers(), 4u);
}

// 5.14.6.6.5.1: "The device MUST NOT complete the control request while there
// are pending I/O messages for the specified stream ID."
TEST_F(CommandTest, ReleaseIsAnsweredAfterTheLastBuffer) {
  BringTo(State::kStopped);
  for (int i = 0; i < 8; ++i) SendPeriod();
  int looks = 0;
  outputs_[0].set_on_release([&] {
    ++looks;
    EXPECT_THAT(driver().Collect(kSndTxQueue), SizeIs(8));
    EXPECT_THAT(driver().Collect(kSndControlQueue), IsEmpty());
  });
  EXPECT_EQ(Do(kSndPcmRelease), kOk);
  EXPECT_EQ(looks, 1);
}

// A far end that takes nothing is not waited for: Linux gives a request 1 s.
TEST_F(CommandTest, ReleaseNeverWaitsForTheFarEnd) {
  BringTo(State::kRunning);
  outputs_[0].set_granted(0);
  outputs_[0].set_connected(false);
  for (int i = 0; i < 8; ++i) SendPeriod();
  driver().Advance(milliseconds(50));
  ASSERT_EQ(Do(kSndPcmStop), kOk);
  ASSERT_EQ(Do(kSndPcmRelease), kOk);
  EXPECT_THAT(TxStatuses(), SizeIs(8));
}

// 5.14.6.6.1 allows PREPARE after RELEASE: the parameters stay. Linux recovers
// from an underflow by STOP, RELEASE, PREPARE, START.
TEST_F(CommandTest, ParamsSurviveRelease) {
  BringTo(State::kRunning);
  for (int epoch = 0; epoch < 3; ++epoch) {
    ASSERT_EQ(Do(kSndPcmStop), kOk);
    ASSERT_EQ(Do(kSndPcmRelease), kOk);
    ASSERT_EQ(Do(kSndPcmPrepare), kOk);
    EXPECT_EQ(outputs_[0].epoch().params.period_frames,
              static_cast<int>(kPeriod));
    SendPeriod();
    ASSERT_EQ(Do(kSndPcmStart), kOk);
    driver().Advance(milliseconds(10));
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
  }
}

// A driver that starts from nothing (a reboot, rmmod) finds the initial state.
TEST_F(CommandTest, AResetTakesEveryStreamBackToTheBeginning) {
  for (State from : kStates) {
    device_.Reset(driver().now());
    BringTo(from, 0);
    BringTo(from, 1);
    driver().Start();
    EXPECT_EQ(state(0), State::kInitial);
    EXPECT_EQ(state(1), State::kInitial);
    EXPECT_EQ(Do(kSndPcmPrepare), kBadMsg);
  }
}

}  // namespace
}  // namespace earshot
