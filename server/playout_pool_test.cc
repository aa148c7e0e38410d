// Playouts on the pool's threads, with fake sinks.
#include "server/playout_pool.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/session.h"
#include "server/session_playout.h"

namespace earshot {
namespace {

constexpr int kFrames = 480;
constexpr uint64_t kCall = 1;

// What happens on the pool's threads, for the test to wait for.
struct Observed {
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::thread::id> threads;
  int sinks_stopped = 0;
  int closed = 0;
  int64_t media = 0;

  void AwaitClosed(int wanted) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30),
                                 [&] { return closed >= wanted; }));
  }
};

// Pulls a little at each tick.
class FakeSink : public AudioSink {
 public:
  explicit FakeSink(Observed* observed) : observed_(observed) {}

  void Start(SoundSource* source, MonotonicTime) override { source_ = source; }
  void Tick(MonotonicTime now) override {
    std::vector<float> out(100);
    const PlayOutResult result = source_->PlayOut(absl::MakeSpan(out), now);
    const std::lock_guard lock(observed_->mutex);
    observed_->threads.insert(std::this_thread::get_id());
    observed_->media += result.media_frames;
  }
  void Stop() override {
    const std::lock_guard lock(observed_->mutex);
    ++observed_->sinks_stopped;
  }
  std::string description() const override { return "fake"; }
  std::string problem() const override { return "broken on purpose"; }

 private:
  Observed* const observed_;
  SoundSource* source_ = nullptr;
};

std::unique_ptr<SessionPlayout> Playout(std::shared_ptr<Session> session,
                                        Observed* observed) {
  return std::make_unique<SessionPlayout>(
      "vms/test/streams/0", std::move(session),
      [observed](const EpochParams&) {
        return std::make_unique<FakeSink>(observed);
      },
      [](const EpochParams&) { return nullptr; }, [] {},
      [observed] {
        const std::lock_guard lock(observed->mutex);
        ++observed->closed;
        observed->changed.notify_all();
      });
}

void AddEpoch(Session* session, uint64_t epoch, bool ended = true) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  EpochParams params;
  params.epoch = epoch;
  params.channels = 1;
  params.codec = MediaCodec::kPcmS16le;
  EXPECT_TRUE(session->Begin(kCall, params, now).ok());
  EXPECT_TRUE(
      session
          ->AddPacket(kCall, 0, kFrames, std::string(2 * kFrames, 'x'), 0, now)
          .ok());
  if (ended) {
    EXPECT_TRUE(session->End(kCall, kFrames, now).ok());
  }
}

std::shared_ptr<Session> SessionWithAnEpoch(bool ended) {
  auto session = std::make_shared<Session>(PlayoutConfig());
  EXPECT_EQ(session->Attach(0, std::chrono::steady_clock::now())->call, kCall);
  AddEpoch(session.get(), 1, ended);
  return session;
}

// Before there are threads, and off: spdlog is not built for the thread
// sanitizer, which would see races in it.
const bool kQuiet = [] {
  spdlog::set_level(spdlog::level::off);
  return true;
}();

TEST(PlayoutPoolTest, PlaysSessionsToTheirEndEachOnOneThread) {
  ASSERT_TRUE(kQuiet);
  Observed observed[8];
  PlayoutPool pool(2);
  std::set<std::thread::id> threads;
  for (Observed& one : observed) {
    auto session = SessionWithAnEpoch(/*ended=*/true);
    session->CloseRequests(kCall, std::chrono::steady_clock::now());
    pool.Add(Playout(session, &one));
  }
  for (Observed& one : observed) {
    one.AwaitClosed(1);
    const std::lock_guard lock(one.mutex);
    EXPECT_EQ(one.media, kFrames);
    EXPECT_EQ(one.sinks_stopped, 1);
    EXPECT_EQ(one.threads.size(), 1u);
    threads.insert(one.threads.begin(), one.threads.end());
  }
  EXPECT_EQ(threads.size(), 2u);
}

TEST(PlayoutPoolTest, ReportsAnEpochAsDrainedAfterItsSinkWasStopped) {
  Observed observed;
  PlayoutPool pool(1);
  auto session = SessionWithAnEpoch(/*ended=*/true);
  pool.Add(Playout(session, &observed));
  while (!session->TakeDrained(kCall).has_value()) std::this_thread::yield();
  {
    const std::lock_guard lock(observed.mutex);
    EXPECT_EQ(observed.sinks_stopped, 1);
  }
  EXPECT_EQ(session->Stats(std::chrono::steady_clock::now()).state_reason,
            "broken on purpose");
}

// It is moved between those that play and those that rest, with its thread and
// its client in a race.
TEST(PlayoutPoolTest, ASessionThatRestsPlaysWhenItsClientBegins) {
  Observed observed;
  PlayoutPool pool(1);
  auto session = SessionWithAnEpoch(/*ended=*/true);
  pool.Add(Playout(session, &observed));
  for (uint64_t epoch = 2; epoch < 52; ++epoch) {
    while (!session->TakeDrained(kCall).has_value()) std::this_thread::yield();
    AddEpoch(session.get(), epoch);
  }
  session->CloseRequests(kCall, std::chrono::steady_clock::now());
  observed.AwaitClosed(1);
  EXPECT_EQ(observed.media, 51 * kFrames);
}

TEST(PlayoutPoolTest, StopEndsWhatStillPlays) {
  Observed observed;
  PlayoutPool pool(1);
  auto session = SessionWithAnEpoch(/*ended=*/false);
  pool.Add(Playout(session, &observed));
  pool.Stop();
  EXPECT_EQ(observed.closed, 1);
  EXPECT_TRUE(session->closed());
}

TEST(PlayoutPoolTest, WhatComesAfterStopIsEndedAtOnce) {
  Observed observed;
  PlayoutPool pool(1);
  pool.Stop();
  auto session = SessionWithAnEpoch(/*ended=*/false);
  pool.Add(Playout(session, &observed));
  EXPECT_EQ(observed.closed, 1);
  EXPECT_TRUE(session->closed());
}

}  // namespace
}  // namespace earshot
