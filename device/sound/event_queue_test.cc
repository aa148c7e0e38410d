#include "device/sound/event_queue.h"

#include <cstring>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "device/virtio/fake_guest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using Events = std::vector<std::pair<uint32_t, uint32_t>>;  // code, data

// An event queue with a ring of its own, whose driver has made a request.
class EventQueueTest : public ::testing::Test {
 protected:
  EventQueueTest()
      : guest_(FakeGuest::Options{.queue_count = 1, .queue_size = 16}) {
    virtqueue_ = *Virtqueue::Create(&memory_, guest_.ring(0).layout(), 0,
                                    /*event_idx=*/true, [this] { ++kicks_; });
    queue_.Start(&*virtqueue_);
    events_.OnRequest(kSndPcmSetParams, now_);
  }
  ~EventQueueTest() override { queue_.Stop(); }

  void Give(int buffers, uint32_t room = sizeof(SndEvent)) {
    for (int i = 0; i < buffers; ++i) guest_.ring(0).Add({.writable = {room}});
  }
  Events Sent() {
    events_.Serve(now_);
    Events sent;
    for (const UsedChain& used : guest_.ring(0).Collect()) {
      if (used.written == 0) continue;
      EXPECT_EQ(used.written, sizeof(SndEvent));
      SndEvent event{};
      std::memcpy(&event, used.bytes.data(), sizeof(event));
      sent.emplace_back(event.code, event.data);
    }
    return sent;
  }

  FakeGuest guest_;
  GuestMemory memory_ = guest_.ram().memory();
  std::optional<Virtqueue> virtqueue_;
  int kicks_ = 0;
  DeviceQueue queue_;
  EventQueue events_{&queue_, {.jacks = 2, .streams = 3, .controls = 4}};
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST_F(EventQueueTest, TakesNoBufferBeforeItHasSomethingToSay) {
  Give(8);
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_EQ(queue_.in_flight(), 0);
  EXPECT_EQ(virtqueue_->next_avail(), 0);
  EXPECT_EQ(events_.NextDeadline(now_), MonotonicTime::max());
}

// --- Jacks: virtio 5.14.6.5.

TEST_F(EventQueueTest, AJackThatHasChangedSinceItWasReadIsTold) {
  Give(8);
  events_.SetJack(1, false);
  events_.JackWasRead(1, false);
  EXPECT_THAT(Sent(), IsEmpty());
  events_.SetJack(1, true);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1000, 1)));
  EXPECT_THAT(Sent(), IsEmpty());
  events_.SetJack(1, false);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1001, 1)));
}

TEST_F(EventQueueTest, AJackThatWasNeverReadIsNotTold) {
  Give(8);
  events_.SetJack(0, true);
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_FALSE(events_.has_pending());
}

TEST_F(EventQueueTest, OnlyTheLatestOfAJackIsTold) {
  events_.JackWasRead(0, false);
  events_.JackWasRead(1, false);
  for (int i = 0; i < 1001; ++i) {
    events_.SetJack(0, i % 2 == 0);  // ends connected
    events_.SetJack(1, i % 2 == 1);  // ends as it was
    EXPECT_THAT(Sent(), IsEmpty());
  }
  Give(8);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1000, 0)));
}

// --- Underflows: virtio 5.14.6.7.

TEST_F(EventQueueTest, AnUnderflowIsToldOnce) {
  Give(8);
  events_.AddXrun(2);
  events_.AddXrun(2);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1101, 2)));
  EXPECT_THAT(Sent(), IsEmpty());
}

TEST_F(EventQueueTest, AnUnderflowThatIsOfNoInterestAnyMoreIsNotTold) {
  events_.AddXrun(0);
  events_.AddXrun(1);
  EXPECT_THAT(Sent(), IsEmpty());
  events_.ForgetXrun(0);
  Give(8);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1101, 1)));
}

// --- Controls: virtio 5.14.6.10.

TEST_F(EventQueueTest, AControlIsNamedWithWhatHasChanged) {
  Give(8);
  events_.NotifyControl(3, kSndCtlEventValue);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1200, 3 | 1 << 16)));
}

TEST_F(EventQueueTest, ChangesOfAControlThatWaitBecomeOneEvent) {
  for (int i = 0; i < 1000; ++i) events_.NotifyControl(0, kSndCtlEventValue);
  events_.NotifyControl(0, kSndCtlEventTlv);
  Give(8);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1200, 5 << 16)));
}

TEST_F(EventQueueTest, NoUndefinedMaskIsSent) {
  Give(8);
  events_.NotifyControl(1, 0xfff8);
  EXPECT_THAT(Sent(), IsEmpty());
  events_.NotifyControl(1, 0xffff);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1200, 1 | 7 << 16)));
}

// --- Buffers.

TEST_F(EventQueueTest, WithoutBuffersEverythingWaitsAndAKickIsAskedFor) {
  events_.JackWasRead(0, true);
  events_.AddXrun(1);
  events_.NotifyControl(2, kSndCtlEventValue);
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_TRUE(events_.has_pending());
  EXPECT_EQ(events_.NextDeadline(now_), MonotonicTime::max());
  Give(1);
  EXPECT_TRUE(guest_.ring(0).NeedsKick());
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1001, 0)));
  Give(1);
  EXPECT_TRUE(guest_.ring(0).NeedsKick());
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1101, 1)));
  Give(1);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1200, 2 | 1 << 16)));
  EXPECT_FALSE(events_.has_pending());
}

TEST_F(EventQueueTest, BuffersThatWereGivenWithoutAKickAreUsed) {
  queue_.Stop();
  Give(4);
  queue_.Start(&*virtqueue_);
  events_.AddXrun(0);
  EXPECT_THAT(Sent(), SizeIs(1));
}

TEST_F(EventQueueTest, WhileTheQueueIsStoppedEventsWait) {
  Give(4);
  queue_.Stop();
  events_.AddXrun(0);
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_EQ(events_.NextDeadline(now_), MonotonicTime::max());
  queue_.Start(&*virtqueue_);
  EXPECT_THAT(Sent(), SizeIs(1));
}

TEST_F(EventQueueTest, BuffersThatAreTooSmallComeBackEmpty) {
  Give(3, sizeof(SndEvent) - 1);
  Give(1, 4096);
  events_.AddXrun(0);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1101, 0)));
  EXPECT_EQ(events_.stats().bad_buffers, 3);
  EXPECT_EQ(events_.stats().sent, 1);
}

TEST_F(EventQueueTest, ADriverThatGivesBadBuffersForEverHasItsTurnOnly) {
  Give(16, 4);
  events_.AddXrun(0);
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_EQ(events_.stats().bad_buffers, 16);
  // There may be more: it is looked again soon, and then no more.
  EXPECT_EQ(events_.NextDeadline(now_), now_);
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_EQ(events_.NextDeadline(now_), MonotonicTime::max());
}

// --- What the driver is ready for.

TEST_F(EventQueueTest, NothingIsSentBeforeTheFirstRequest) {
  EventQueue events(&queue_, {.jacks = 1, .streams = 1});
  Give(4);
  events.AddXrun(0);
  events.Serve(now_);
  EXPECT_EQ(events.stats().sent, 0);
  EXPECT_EQ(events.NextDeadline(now_), MonotonicTime::max());
  events.OnRequest(kSndPcmRelease, now_);
  events.Serve(now_);
  EXPECT_EQ(events.stats().sent, 1);
}

TEST_F(EventQueueTest, ADriverThatProbesIsLeftAlone) {
  Give(8);
  for (uint32_t code : {kSndJackInfo, kSndPcmInfo, kSndChmapInfo, kSndCtlInfo,
                        kSndCtlEnumItems}) {
    now_ += milliseconds(100);
    events_.OnRequest(code, now_);
    events_.AddXrun(0);
    EXPECT_THAT(Sent(), IsEmpty());
  }
  events_.OnRequest(kSndCtlRead, now_);
  ASSERT_EQ(events_.NextDeadline(now_), now_ + EventQueue::kProbe);
  now_ += EventQueue::kProbe - nanoseconds(1);
  EXPECT_THAT(Sent(), IsEmpty());
  now_ += nanoseconds(1);
  EXPECT_THAT(Sent(), SizeIs(1));
  EXPECT_EQ(events_.NextDeadline(now_), MonotonicTime::max());
}

TEST_F(EventQueueTest, AProgramThatUsesTheCardEndsTheProbe) {
  Give(8);
  for (uint32_t code : {kSndCtlWrite, kSndPcmSetParams, kSndPcmRelease}) {
    events_.OnRequest(kSndCtlInfo, now_);
    events_.NotifyControl(0, kSndCtlEventValue);
    EXPECT_THAT(Sent(), IsEmpty());
    events_.OnRequest(code, now_);
    EXPECT_THAT(Sent(), SizeIs(1));
  }
}

TEST_F(EventQueueTest, AResetForgetsWhatIsPending) {
  events_.AddXrun(0);
  events_.NotifyControl(0, kSndCtlEventValue);
  events_.Reset();
  Give(8);
  events_.OnRequest(kSndPcmStart, now_);
  EXPECT_THAT(Sent(), IsEmpty());
}

// Linux does not ask for the jacks again when it resumes.
TEST_F(EventQueueTest, AJackThatChangedWhileTheGuestWasSuspendedIsTold) {
  Give(8);
  events_.SetJack(0, true);
  events_.JackWasRead(0, true);
  events_.Reset();
  events_.SetJack(0, false);
  EXPECT_THAT(Sent(), IsEmpty());
  events_.OnRequest(kSndPcmSetParams, now_);
  EXPECT_THAT(Sent(), ElementsAre(Pair(0x1001, 0)));
}

TEST_F(EventQueueTest, AFreshDriverIsNotToldWhatItHasJustRead) {
  Give(8);
  events_.SetJack(0, true);
  events_.JackWasRead(0, false);
  events_.Reset();
  events_.OnRequest(kSndJackInfo, now_);
  events_.JackWasRead(0, true);
  now_ += seconds(5);
  EXPECT_THAT(Sent(), IsEmpty());
}

TEST_F(EventQueueTest, IdsThatDoNotExistAreIgnored) {
  Give(8);
  events_.SetJack(2, true);
  events_.JackWasRead(2, false);
  events_.AddXrun(3);
  events_.ForgetXrun(3);
  events_.NotifyControl(4, kSndCtlEventValue);
  EXPECT_THAT(Sent(), IsEmpty());
}

TEST_F(EventQueueTest, NothingStaysOut) {
  for (int i = 0; i < 200; ++i) {
    Give(1);
    events_.AddXrun(0);
    ASSERT_THAT(Sent(), SizeIs(1)) << i;
    EXPECT_EQ(queue_.in_flight(), 0);
  }
}

}  // namespace
}  // namespace earshot
