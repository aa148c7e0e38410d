// Virtio 5.14.5, 5.14.6.5 and 5.14.6.7: the event queue, jacks and underflows.
#include <utility>
#include <vector>

#include "device/sound/conformance_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using State = PcmStream::State;

class EventTest : public ConformanceTest {
 protected:
  // As Linux at probe: buffers without a kick, then it asks for the jacks.
  std::vector<SndJackInfo> Probe() {
    for (int i = 0; i < 8; ++i) {
      driver().Add(kSndEventQueue, {.writable = {sizeof(SndEvent)}});
    }
    auto jacks = Query<SndJackInfo>(kSndJackInfo, 0, kStreams);
    Query<SndPcmInfo>(kSndPcmInfo, 0, kStreams);
    driver().Advance(EventQueue::kProbe);
    EXPECT_THAT(Events(), IsEmpty());
    return jacks;
  }
  // A running stream that has selected `features`.
  void Run(uint32_t id, uint32_t features) {
    SndPcmSetParams params = GoodParams(id);
    params.features = features;
    ASSERT_EQ(guest_.SetParams(params), kOk);
    ASSERT_EQ(Do(kSndPcmPrepare, id), kOk);
    ASSERT_EQ(Do(kSndPcmStart, id), kOk);
  }
};

// --- 5.14.6.5, "Jack Notifications"

TEST_F(EventTest, JacksSayWhetherTheOutputIsThereWhenTheyAreRead) {
  SetConnected(1, false);
  driver().Advance(Jack::kOutage);
  const auto jacks = Probe();
  EXPECT_EQ(jacks.at(0).connected, 1);
  EXPECT_EQ(jacks.at(1).connected, 0);
}

TEST_F(EventTest, AJackIsPulledAndPluggedInAsTheOutputGoesAndComes) {
  Probe();
  SetConnected(1, false);
  driver().Advance(Jack::kOutage - milliseconds(1));
  EXPECT_THAT(Events(), IsEmpty());
  driver().Advance(milliseconds(1));
  EXPECT_THAT(Events(), ElementsAre(Pair(kSndEvtJackDisconnected, 1)));
  EXPECT_EQ(Query<SndJackInfo>(kSndJackInfo, 1, 1).at(0).connected, 0);
  SetConnected(1, true);
  driver().Advance(EventQueue::kProbe);
  EXPECT_THAT(Events(), ElementsAre(Pair(kSndEvtJackConnected, 1)));
  EXPECT_EQ(Query<SndJackInfo>(kSndJackInfo, 1, 1).at(0).connected, 1);
}

TEST_F(EventTest, AShortOutageIsNotTold) {
  Probe();
  for (int i = 0; i < 20; ++i) {
    SetConnected(0, false);
    driver().Advance(milliseconds(700));
    SetConnected(0, true);
    driver().Advance(milliseconds(700));
  }
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(EventTest, AJackThatChangesWhileTheVmIsPausedIsToldAfterwards) {
  Probe();
  driver().Stop();
  SetConnected(0, false);
  driver().Advance(seconds(5));
  EXPECT_THAT(Events(), IsEmpty());
  driver().Resume();
  EXPECT_THAT(Events(), ElementsAre(Pair(kSndEvtJackDisconnected, 0)));
}

// A guest that reboots reads the jacks again.
TEST_F(EventTest, AfterAResetNothingIsToldTwice) {
  Probe();
  SetConnected(0, false);
  driver().Advance(seconds(2));
  EXPECT_THAT(Events(), SizeIs(1));
  driver().Start();
  EXPECT_EQ(Probe().at(0).connected, 0);
  driver().Advance(seconds(60));
  EXPECT_THAT(Events(), IsEmpty());
}

// --- 5.14.6.7, "PCM Notifications"

// "To enable notifications, the driver must negotiate these features using the
// set stream parameters request."
TEST_F(EventTest, AnUnderflowIsToldToADriverThatHasSelectedIt) {
  Probe();
  Run(1, kSndPcmEvtXruns);
  SendPeriod(1);
  driver().Advance(milliseconds(30));
  EXPECT_THAT(Events(), IsEmpty());
  driver().Advance(milliseconds(60));
  EXPECT_THAT(Events(), ElementsAre(Pair(kSndEvtPcmXrun, 1)));
  // Once, until there is sound again.
  driver().Advance(seconds(1));
  EXPECT_THAT(Events(), IsEmpty());
  SendPeriod(1);
  driver().Advance(milliseconds(100));
  EXPECT_THAT(Events(), ElementsAre(Pair(kSndEvtPcmXrun, 1)));
}

TEST_F(EventTest, AnUnderflowIsNotToldToADriverThatHasNot) {
  Probe();
  Run(0, 0);
  SendPeriod(0);
  driver().Advance(seconds(1));
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_EQ(device_.stream(0).stats().underflows, 1);
  // Nor once it has selected nothing again.
  ASSERT_EQ(Do(kSndPcmStop), kOk);
  ASSERT_EQ(Do(kSndPcmRelease), kOk);
  Run(0, kSndPcmEvtXruns);
  ASSERT_EQ(Do(kSndPcmStop), kOk);
  ASSERT_EQ(Do(kSndPcmRelease), kOk);
  Run(0, 0);
  SendPeriod(0);
  driver().Advance(seconds(1));
  EXPECT_THAT(Events(), IsEmpty());
}

// A guest that has played all stops, a moment after its last buffer came back.
TEST_F(EventTest, TheEndOfTheSoundIsNoUnderflow) {
  Probe();
  for (int i = 0; i < 3; ++i) {
    Run(0, kSndPcmEvtXruns);
    SendPeriod(0);
    driver().Advance(milliseconds(40));
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
    ASSERT_EQ(Do(kSndPcmStop), kOk);
    driver().Advance(seconds(1));
    ASSERT_EQ(Do(kSndPcmRelease), kOk);
  }
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(EventTest, NothingIsAnUnderflowBeforeTheFirstSoundOrWhileItIsStopped) {
  Probe();
  Run(0, kSndPcmEvtXruns);
  driver().Advance(seconds(1));
  SendPeriod(0);
  driver().Advance(milliseconds(5));
  ASSERT_EQ(Do(kSndPcmStop), kOk);
  driver().Advance(seconds(1));
  driver().Stop();
  driver().Advance(seconds(1));
  driver().Resume();
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(EventTest, AnUnderflowOfAStreamThatIsStoppedMeanwhileIsNotTold) {
  Query<SndJackInfo>(kSndJackInfo, 0, 1);
  Run(0, kSndPcmEvtXruns);
  SendPeriod(0);
  driver().Advance(milliseconds(200));  // there is no buffer for the event
  ASSERT_EQ(Do(kSndPcmStop), kOk);
  GiveEventBuffers(4);
  driver().Advance(seconds(2));
  EXPECT_THAT(Events(), IsEmpty());
}

// 5.14.6.6.2: EVT_SHMEM_PERIODS is "for shared memory transport"; 5.14.6.8:
// "the completion of such an I/O request can be considered an elapsed period
// notification".
TEST_F(EventTest, PeriodsAreToldByTheirBuffersAlone) {
  Probe();
  Run(0, kSndPcmEvtXruns);
  for (int i = 0; i < 100; ++i) {
    SendPeriod(0);
    driver().Advance(milliseconds(10));
    EXPECT_THAT(TxStatuses(), SizeIs(1));
  }
  EXPECT_THAT(Events(), Not(Contains(Key(kSndEvtPcmPeriodElapsed))));
  const SndPcmInfo info = Query<SndPcmInfo>(kSndPcmInfo, 0, 1).at(0);
  EXPECT_EQ(info.features & kSndPcmEvtShmemPeriods, 0u);
}

// --- 5.14.5.1, the event queue's buffers

// "The driver MUST populate the event queue with empty buffers of at least the
// struct virtio_snd_event size", and with no device-readable ones. What does
// not fit comes back empty; what is readable is not read.
TEST_F(EventTest, BuffersThatAreNoneDoNoHarm) {
  Query<SndJackInfo>(kSndJackInfo, 0, kStreams);
  driver().Add(kSndEventQueue, {.writable = {7}});
  driver().Add(kSndEventQueue, {.readable = {{1, 2, 3, 4, 5, 6, 7, 8}}});
  driver().Add(kSndEventQueue,
               {.readable = {{1, 2, 3}}, .writable = {sizeof(SndEvent)}});
  SetConnected(0, false);
  driver().Advance(seconds(2));
  std::vector<uint32_t> written;
  for (const UsedChain& used : driver().Collect(kSndEventQueue)) {
    written.push_back(used.written);
  }
  EXPECT_THAT(written, ElementsAre(0, 0, 8));
  EXPECT_EQ(device_.event_stats().bad_buffers, 2);
}

// A driver that gives no buffers makes nothing wait, and nothing grow.
TEST_F(EventTest, WithoutBuffersTheCardPlaysAndTheLatestIsToldLater) {
  Query<SndJackInfo>(kSndJackInfo, 0, kStreams);
  Run(0, kSndPcmEvtXruns);
  for (int i = 0; i < 50; ++i) {
    SetConnected(1, i % 2 == 0);
    SendPeriod(0);
    driver().Advance(milliseconds(1100));
    EXPECT_THAT(TxStatuses(), ElementsAre(kOk));
  }
  GiveEventBuffers(60);
  EXPECT_THAT(Events(), ElementsAre(Pair(kSndEvtJackDisconnected, 1),
                                    Pair(kSndEvtPcmXrun, 0)));
}

}  // namespace
}  // namespace earshot
