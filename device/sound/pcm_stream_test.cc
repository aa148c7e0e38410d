#include "device/sound/pcm_stream.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <ostream>
#include <random>
#include <utility>
#include <vector>

#include "device/sound/fake_pcm_output.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/pcm_params.h"
#include "device/virtio/fake_guest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace earshot {

void PrintTo(PcmStream::State state, std::ostream* os) {
  *os << ToString(state);
}

namespace {

using State = PcmStream::State;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr PcmParams kParams{SampleFormat::kS16, 48000, 2, 3840, 960};

// A stream with a TX queue of its own.
class PcmStreamTest : public ::testing::Test {
 protected:
  PcmStreamTest() : guest_(FakeGuest::Options{.queue_count = 1}) {
    virtqueue_ = *Virtqueue::Create(&memory_, guest_.ring(0).layout(), 0,
                                    /*event_idx=*/true, [] {});
    queue_.Start(&*virtqueue_);
    stream_.ResumeQueue(now_);
  }
  ~PcmStreamTest() override {
    EXPECT_EQ(output_.misuse(), "");
    queue_.Stop();
  }

  void BringTo(State state) {
    if (state == State::kInitial) return;
    EXPECT_EQ(stream_.SetParams(kParams, now_), SndStatus::kOk);
    if (state == State::kParamsSet) return;
    EXPECT_EQ(stream_.Prepare(now_), SndStatus::kOk);
    if (state == State::kPrepared) return;
    if (state == State::kReleased) {
      EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
      return;
    }
    EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
    if (state == State::kRunning) return;
    EXPECT_EQ(stream_.Stop(now_), SndStatus::kOk);
  }

  // Queues a buffer whose bytes are all `value`.
  PcmStream::QueueResult QueueBytes(size_t bytes, uint8_t value = 1) {
    const std::vector<uint8_t> payload(bytes, value);
    token_ = guest_.ring(0).Add(FakeSoundDriver::TxChain(0, payload));
    return stream_.Queue(TxBuffer(**queue_.Pop(), &queue_));
  }
  void QueueFrames(int frames, uint8_t value = 1) {
    EXPECT_EQ(QueueBytes(static_cast<size_t>(frames) * 4, value),
              PcmStream::QueueResult::kQueued);
  }

  // Polls as the device's loop would, until `duration` from now.
  void Run(MonotonicTime::duration duration) {
    const MonotonicTime end = now_ + duration;
    for (;;) {
      const MonotonicTime deadline = stream_.NextDeadline(now_);
      if (deadline > end) break;
      now_ = std::max(now_, deadline);
      stream_.Poll(now_);
      ++polls_;
      ASSERT_LT(polls_, 100000) << "busy loop";
    }
    now_ = end;
  }

  // The statuses of what came back.
  std::vector<uint32_t> Answers() {
    std::vector<uint32_t> statuses;
    for (const UsedChain& used : guest_.ring(0).Collect()) {
      SndPcmStatus status{};
      std::memcpy(&status, used.bytes.data(), sizeof(status));
      statuses.push_back(status.status);
      latency_bytes_ = status.latency_bytes;
    }
    return statuses;
  }

  static constexpr uint32_t kOk = 0x8000;
  static constexpr uint32_t kIoErr = 0x8003;

  FakeGuest guest_;
  GuestMemory memory_ = guest_.ram().memory();
  std::optional<Virtqueue> virtqueue_;
  DeviceQueue queue_;
  FakePcmOutput output_;
  MonotonicTime now_{std::chrono::hours(1)};
  PcmStream stream_{&output_};
  uint64_t token_ = 0;
  uint32_t latency_bytes_ = 0;
  int polls_ = 0;
};

// --- Which states take buffers.

TEST_F(PcmStreamTest, PreparedAndStoppedStreamsKeepBuffers) {
  for (State state : {State::kPrepared, State::kStopped}) {
    BringTo(state);
    QueueFrames(960);
    Run(milliseconds(500));
    EXPECT_THAT(Answers(), IsEmpty());
    EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
    EXPECT_THAT(Answers(), ElementsAre(kOk));
  }
}

TEST_F(PcmStreamTest, SetParamsFailsWhatWasQueuedInTheOldFormat) {
  BringTo(State::kPrepared);
  QueueFrames(960);
  EXPECT_EQ(stream_.SetParams(kParams, now_), SndStatus::kOk);
  EXPECT_THAT(Answers(), ElementsAre(kIoErr));
  EXPECT_THAT(output_.calls(), ElementsAre("prepare", "release"));
}

TEST_F(PcmStreamTest, PrepareTwiceKeepsTheQueueAndTheEpoch) {
  BringTo(State::kPrepared);
  QueueFrames(960);
  EXPECT_EQ(stream_.Prepare(now_), SndStatus::kOk);
  EXPECT_THAT(Answers(), IsEmpty());
  EXPECT_THAT(output_.calls(), ElementsAre("prepare"));
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  Run(milliseconds(20));
  EXPECT_EQ(output_.written_frames(), 960);
}

// --- Playing.

TEST_F(PcmStreamTest, ABufferComesBackWhenTheClockHasPassedItsEnd) {
  BringTo(State::kRunning);
  QueueFrames(960);
  QueueFrames(960);
  Run(microseconds(19999));
  EXPECT_THAT(Answers(), IsEmpty());
  Run(microseconds(1));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  Run(microseconds(19999));
  EXPECT_THAT(Answers(), IsEmpty());
  Run(microseconds(1));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
}

TEST_F(PcmStreamTest, NothingComesBackBeyondTheGrant) {
  BringTo(State::kRunning);
  output_.set_granted(960 + 959);
  QueueFrames(960);
  QueueFrames(960);
  Run(milliseconds(500));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  EXPECT_EQ(stream_.NextDeadline(now_), MonotonicTime::max());
  output_.set_granted(1920);
  stream_.Poll(now_);
  EXPECT_THAT(Answers(), ElementsAre(kOk));
}

TEST_F(PcmStreamTest, PayloadIsReadWhenItIsDueNotWhenItIsQueued) {
  BringTo(State::kPrepared);
  output_.set_packet_frames(480);
  QueueFrames(960, 1);
  absl::Span<uint8_t> payload = guest_.ring(0).Readable(token_, 1);
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  Run(milliseconds(10));  // the first half is gone
  std::fill(payload.begin(), payload.end(), 2);
  Run(milliseconds(10));
  std::vector<uint8_t> expected(480 * 4, 1);
  expected.resize(960 * 4, 2);
  EXPECT_EQ(output_.epoch().bytes, expected);
}

TEST_F(PcmStreamTest, ShortPeriodsFlowUnderLongPackets) {
  BringTo(State::kPrepared);
  output_.set_packet_frames(960);
  for (int i = 0; i < 4; ++i) QueueFrames(128);
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  int completed = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    Run(milliseconds(1));
    for (uint32_t status : Answers()) {
      EXPECT_EQ(status, kOk);
      ++completed;
      QueueFrames(128);
      stream_.Poll(now_);
    }
    // Never more than a period behind the clock, and never ahead.
    const int64_t clock = int64_t{48} * (ms + 1);
    EXPECT_LE(completed * 128, clock);
    EXPECT_GT((completed + 1) * 128, clock);
  }
}

TEST_F(PcmStreamTest, EmptyBuffersComeBackInTheirPlace) {
  BringTo(State::kRunning);
  QueueFrames(480);
  QueueBytes(0);
  QueueFrames(480);
  stream_.Poll(now_);
  EXPECT_THAT(Answers(), IsEmpty());
  Run(milliseconds(10));
  EXPECT_THAT(Answers(), ElementsAre(kOk, kOk));
}

TEST_F(PcmStreamTest, AnEmptyBufferAloneComesBackAtOnce) {
  BringTo(State::kRunning);
  QueueBytes(0);
  stream_.Poll(now_);
  EXPECT_THAT(Answers(), ElementsAre(kOk));
}

TEST_F(PcmStreamTest, LessThanAFrameAtTheEndIsDropped) {
  BringTo(State::kRunning);
  QueueBytes(480 * 4 + 3, 1);
  QueueBytes(480 * 4 + 1, 2);
  QueueBytes(2, 3);
  Run(milliseconds(20));
  EXPECT_THAT(Answers(), ElementsAre(kOk, kOk, kOk));
  std::vector<uint8_t> expected(480 * 4, 1);
  expected.resize(960 * 4, 2);
  EXPECT_EQ(output_.epoch().bytes, expected);
  EXPECT_EQ(stream_.stats().bytes_dropped, 6);
  EXPECT_EQ(stream_.stats().frames_produced, 960);
}

TEST_F(PcmStreamTest, ABufferBeyondAllReasonFails) {
  BringTo(State::kPrepared);
  // The same megabyte again and again, by one chain of many descriptors.
  const uint64_t address = guest_.ram().Allocate(1 << 20);
  const DescriptorChain::Readable parts(
      20, absl::MakeSpan(guest_.ram().At(address), 1 << 20));
  uint8_t status[8];
  const auto Chain = [&] {
    return DescriptorChain(0, parts, {absl::MakeSpan(status)});
  };
  int queued = 0;
  while (stream_.Queue(TxBuffer(Chain(), &queue_)) ==
         PcmStream::QueueResult::kQueued) {
    ASSERT_LT(++queued, 10);
  }
  EXPECT_LE(stream_.queued_end(), kMaxQueuedFrames);
  EXPECT_EQ(stream_.stats().buffers_failed, 1);
  queue_.Stop();
}

TEST_F(PcmStreamTest, LatencyIsTheOutputsDelayInBytes) {
  BringTo(State::kRunning);
  output_.set_delay_frames(9600);
  QueueFrames(48);
  Run(milliseconds(1));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  EXPECT_EQ(latency_bytes_, 38400u);
}

TEST_F(PcmStreamTest, LatencyDoesNotWrap) {
  BringTo(State::kRunning);
  output_.set_delay_frames(int64_t{1} << 60);
  QueueFrames(48);
  Run(milliseconds(1));
  Answers();
  EXPECT_EQ(latency_bytes_, 0xfffffffcu);
  output_.set_delay_frames(-5);
  QueueFrames(48);
  Run(milliseconds(1));
  Answers();
  EXPECT_EQ(latency_bytes_, 0u);
}

TEST_F(PcmStreamTest, ARunningStreamWithoutBuffersHardlyPolls) {
  BringTo(State::kRunning);
  Run(std::chrono::seconds(1));
  EXPECT_LE(polls_, 50);
}

// Wants to be asked at once, again and again, and never has anything due.
class HastyOutput final : public PcmOutput {
 public:
  void Prepare(const PcmParams&, MonotonicTime) override {}
  void Start(MonotonicTime) override {}
  void Stop(MonotonicTime) override {}
  int64_t DuePosition(int64_t, MonotonicTime) override { return 0; }
  MonotonicTime NextDue(int64_t, MonotonicTime now) const override {
    return now;
  }
  void Write(absl::Span<const uint8_t>, MonotonicTime) override {}
  bool IsConnected() const override { return true; }
  void SetVolume(const StreamVolume&, MonotonicTime) override {}
  StreamVolume volume() const override { return {}; }
  int64_t DelayFrames(MonotonicTime) const override { return 0; }
  void Release(MonotonicTime) override {}
};

TEST_F(PcmStreamTest, AnOutputThatIsHastyInVainIsNoBusyLoop) {
  HastyOutput hasty;
  PcmStream stream(&hasty);
  stream.ResumeQueue(now_);
  EXPECT_EQ(stream.SetParams(kParams, now_), SndStatus::kOk);
  EXPECT_EQ(stream.Prepare(now_), SndStatus::kOk);
  EXPECT_EQ(stream.Start(now_), SndStatus::kOk);
  guest_.ring(0).Add(FakeSoundDriver::TxChain(0, std::vector<uint8_t>(16)));
  EXPECT_EQ(stream.Queue(TxBuffer(**queue_.Pop(), &queue_)),
            PcmStream::QueueResult::kQueued);
  stream.Poll(now_);
  EXPECT_GT(stream.NextDeadline(now_), now_);
  queue_.Stop();
}

TEST_F(PcmStreamTest, AStreamThatDoesNotRunNeverPolls) {
  for (State state : {State::kPrepared, State::kStopped}) {
    BringTo(state);
    QueueFrames(480);
    EXPECT_EQ(stream_.NextDeadline(now_), MonotonicTime::max());
    EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
  }
}

// --- STOP and START.

TEST_F(PcmStreamTest, StopKeepsTheQueueAndStartGoesOn) {
  BringTo(State::kRunning);
  QueueFrames(960, 1);
  QueueFrames(960, 2);
  Run(milliseconds(25));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  EXPECT_EQ(stream_.Stop(now_), SndStatus::kOk);
  // What the clock had passed was taken; it is not played twice.
  EXPECT_EQ(stream_.produced(), 1200);
  Run(std::chrono::seconds(10));
  EXPECT_THAT(Answers(), IsEmpty());
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  Run(milliseconds(14));
  EXPECT_THAT(Answers(), IsEmpty());
  Run(milliseconds(1));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  std::vector<uint8_t> expected(960 * 4, 1);
  expected.resize(1920 * 4, 2);
  EXPECT_EQ(output_.epoch().bytes, expected);
}

// --- RELEASE.

TEST_F(PcmStreamTest, ReleaseWritesTheQueueAndAnswersAllOfIt) {
  BringTo(State::kRunning);
  for (int i = 0; i < 4; ++i) QueueFrames(960, static_cast<uint8_t>(i));
  Run(milliseconds(25));
  EXPECT_EQ(stream_.Stop(now_), SndStatus::kOk);
  output_.set_granted(0);  // the far end takes nothing: that is not waited for
  EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
  EXPECT_THAT(Answers(), ElementsAre(kOk, kOk, kOk, kOk));
  EXPECT_EQ(output_.epoch().frames(), 4 * 960);
  EXPECT_TRUE(output_.epoch().released);
  EXPECT_THAT(output_.calls(),
              ElementsAre("prepare", "start", "stop", "release"));
}

TEST_F(PcmStreamTest, ReleaseBeforeTheFirstStartPlaysNothing) {
  BringTo(State::kPrepared);
  for (int i = 0; i < 3; ++i) QueueFrames(960);
  EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
  EXPECT_THAT(Answers(), ElementsAre(kOk, kOk, kOk));
  EXPECT_EQ(output_.epoch().frames(), 0);
  EXPECT_EQ(stream_.stats().frames_unplayed, 3 * 960);
  EXPECT_THAT(output_.calls(), ElementsAre("prepare", "release"));
}

TEST_F(PcmStreamTest, ReleaseKeepsTheParamsForTheNextPrepare) {
  BringTo(State::kStopped);
  EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.Prepare(now_), SndStatus::kOk);
  EXPECT_EQ(output_.epoch().params.period_frames, 960);
  EXPECT_THAT(output_.epochs(), SizeIs(2));
}

TEST_F(PcmStreamTest, EachEpochBeginsAtZero) {
  BringTo(State::kRunning);
  QueueFrames(960);
  Run(milliseconds(20));
  EXPECT_EQ(stream_.Stop(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.Prepare(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.produced(), 0);
  QueueFrames(480);
  Run(milliseconds(10));
  EXPECT_EQ(stream_.produced(), 480);
  EXPECT_EQ(stream_.stats().frames_produced, 960 + 480);
}

// --- The TX queue comes and goes underneath.

class PcmStreamSuspendTest : public PcmStreamTest {
 protected:
  void Suspend() {
    queue_.Stop();
    stream_.SuspendQueue(now_);
  }
  // The transport offers what was not used again.
  void Resume() {
    const uint16_t used = virtqueue_->used_index();
    virtqueue_ = *Virtqueue::Create(&memory_, guest_.ring(0).layout(), used,
                                    /*event_idx=*/true, [] {});
    queue_.Start(&*virtqueue_);
    for (;;) {
      auto chain = queue_.Pop();
      if (!chain.ok() || !chain->has_value()) break;
      stream_.Queue(TxBuffer(**std::move(chain), &queue_));
    }
    stream_.ResumeQueue(now_);
    stream_.Poll(now_);
  }
};

TEST_F(PcmStreamSuspendTest, NothingIsPlayedTwice) {
  BringTo(State::kPrepared);
  output_.set_packet_frames(480);
  QueueFrames(960, 1);
  QueueFrames(960, 2);
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  Run(milliseconds(10));
  EXPECT_EQ(output_.written_frames(), 480);  // half of the head buffer
  Suspend();
  EXPECT_EQ(stream_.NextDeadline(now_), MonotonicTime::max());
  Run(std::chrono::seconds(10));
  Resume();
  EXPECT_EQ(output_.written_frames(), 480);
  Run(milliseconds(10));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  Run(milliseconds(20));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  std::vector<uint8_t> expected(960 * 4, 1);
  expected.resize(1920 * 4, 2);
  EXPECT_EQ(output_.epoch().bytes, expected);
  EXPECT_THAT(output_.calls(),
              ElementsAre("prepare", "start", "stop", "start"));
}

TEST_F(PcmStreamSuspendTest, ManyTimesInARow) {
  BringTo(State::kRunning);
  output_.set_packet_frames(100);
  for (int i = 0; i < 8; ++i) QueueFrames(480, static_cast<uint8_t>(i));
  int completed = 0;
  for (int i = 0; i < 30; ++i) {
    Suspend();
    Suspend();
    Run(milliseconds(50));
    Resume();
    Run(milliseconds(3));
    completed += static_cast<int>(Answers().size());
  }
  EXPECT_EQ(completed, 8);
  std::vector<uint8_t> expected;
  for (int i = 0; i < 8; ++i) {
    expected.resize(expected.size() + 480 * 4, static_cast<uint8_t>(i));
  }
  EXPECT_EQ(output_.epoch().bytes, expected);
}

TEST_F(PcmStreamSuspendTest, StartMeanwhileWaitsForTheQueue) {
  BringTo(State::kPrepared);
  QueueFrames(480);
  Suspend();
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.NextDeadline(now_), MonotonicTime::max());
  EXPECT_THAT(output_.calls(), ElementsAre("prepare"));
  Resume();
  Run(milliseconds(10));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
}

TEST_F(PcmStreamSuspendTest, StopAndReleaseMeanwhileSucceed) {
  BringTo(State::kRunning);
  QueueFrames(480);
  Run(milliseconds(5));
  Suspend();
  EXPECT_EQ(stream_.Stop(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
  Resume();
  // What comes again belongs to an epoch that is over.
  EXPECT_THAT(Answers(), ElementsAre(kIoErr));
}

TEST_F(PcmStreamSuspendTest, OtherBuffersThanBeforeDoNoHarm) {
  BringTo(State::kPrepared);
  output_.set_packet_frames(480);
  QueueFrames(960, 1);
  EXPECT_EQ(stream_.Start(now_), SndStatus::kOk);
  Run(milliseconds(10));
  Suspend();
  queue_.Start(&*virtqueue_);
  QueueFrames(100, 3);  // shorter than what was consumed of the old one
  stream_.ResumeQueue(now_);
  stream_.Poll(now_);
  EXPECT_THAT(Answers(), ElementsAre(kOk));
  EXPECT_EQ(output_.written_frames(), 480);
}

TEST_F(PcmStreamSuspendTest, ResetEndsTheEpochAndForgetsEverything) {
  BringTo(State::kRunning);
  QueueFrames(960);
  Run(milliseconds(5));
  queue_.Invalidate();
  stream_.Reset(now_);
  EXPECT_EQ(stream_.state(), State::kInitial);
  EXPECT_THAT(Answers(), IsEmpty());
  EXPECT_THAT(output_.calls(),
              ElementsAre("prepare", "start", "stop", "release"));
  BringTo(State::kRunning);
  QueueFrames(480);
  Run(milliseconds(10));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
}

// --- Linux counts what comes back modulo its ring.

TEST_F(PcmStreamTest, AWholeRingThatIsDueAtOnceDoesNotComeBackUnnoticed) {
  BringTo(State::kRunning);
  for (int i = 0; i < 4; ++i) QueueFrames(960);
  now_ += milliseconds(100);  // the device stands still for longer than a ring
  stream_.Poll(now_);
  EXPECT_EQ(output_.written_frames(), 3840);
  EXPECT_EQ(virtqueue_->used_index(), 3);

  // However long the guest stands still.
  Run(milliseconds(500));
  EXPECT_EQ(virtqueue_->used_index(), 3);
  EXPECT_THAT(Answers(), SizeIs(3));
  Run(milliseconds(19));
  EXPECT_THAT(Answers(), IsEmpty());
  Run(milliseconds(10));
  EXPECT_THAT(Answers(), ElementsAre(kOk));
}

TEST_F(PcmStreamTest, TheRestOfARingComesBackWhenTheGuestGivesMore) {
  BringTo(State::kRunning);
  for (int i = 0; i < 4; ++i) QueueFrames(960);
  now_ += milliseconds(100);
  stream_.Poll(now_);
  EXPECT_THAT(Answers(), SizeIs(3));
  QueueFrames(960);
  stream_.Poll(now_);
  EXPECT_THAT(Answers(), ElementsAre(kOk));
}

TEST_F(PcmStreamTest, ARingIsNotKeptFromAGuestThatNeverTellsThatItLooks) {
  BringTo(State::kRunning);
  guest_.ring(0).SetInterrupts(false);
  for (int i = 0; i < 4; ++i) QueueFrames(960);
  now_ += milliseconds(100);
  stream_.Poll(now_);
  Run(milliseconds(999));
  EXPECT_EQ(virtqueue_->used_index(), 3);
  Run(milliseconds(10));
  EXPECT_THAT(Answers(), SizeIs(4));
}

TEST_F(PcmStreamTest, ReleaseGivesBackTheRestOfARing) {
  BringTo(State::kRunning);
  for (int i = 0; i < 4; ++i) QueueFrames(960);
  now_ += milliseconds(100);
  EXPECT_EQ(stream_.Stop(now_), SndStatus::kOk);
  EXPECT_EQ(stream_.Release(now_), SndStatus::kOk);
  EXPECT_THAT(Answers(), SizeIs(4));
}

TEST_F(PcmStreamTest, ADrainedRingComesBackInTime) {
  BringTo(State::kRunning);
  for (int i = 0; i < 4; ++i) QueueFrames(960);
  for (int i = 1; i <= 4; ++i) {
    Run(milliseconds(20));
    EXPECT_THAT(Answers(), SizeIs(1)) << i;
  }
}

// A guest of Linux: it looks at its position now and then, stands still, and
// so does the device. It always goes on.
TEST_F(PcmStreamTest, AGuestThatCountsModuloItsRingNeverWaitsForEver) {
  std::mt19937 random(1);
  BringTo(State::kRunning);
  int completed = 0;  // by the interrupt handler, modulo the ring of 4
  int position = 0;   // as looked at last
  int free = 4;       // of the ring, as the guest believes
  int64_t queued = 0;
  for (int i = 0; i < 20000; ++i) {
    for (; free > 0; --free, ++queued) QueueFrames(960);
    const milliseconds stands_still(random() % 8 == 0 ? random() % 200 : 0);
    if (random() % 2 == 0) {
      now_ += stands_still;  // the device
      stream_.Poll(now_);
    } else {
      Run(stands_still);  // the guest
    }
    completed = (completed + static_cast<int>(Answers().size())) % 4;
    Run(milliseconds(random() % 10));  // until the guest looks
    free += (completed - position + 4) % 4;
    position = completed;
    Run(milliseconds(random() % 30));
  }
  EXPECT_GT(queued, 8000);
}

}  // namespace
}  // namespace earshot
