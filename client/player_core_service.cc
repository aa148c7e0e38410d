// PlayerCore: what the service says.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "client/player_core.h"

namespace earshot {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

int64_t PlayerCore::QuietEnd() {
  return sending_ && encoder_->silent() ? encoder_->quiet_end() : stats_.sent;
}

void PlayerCore::OnOpen(bool resumed) {
  const MonotonicTime now = options_.clock();
  ++over_.calls;
  if (resumed) ++over_.resumed;
  if (!resumed) {
    // Another clock.
    steering_.Reset();
    HoldSteering(now);
  }
  if (IsStale() && stream_.end() < stats_.sent) {
    // What was coded and not heard of before it became stale.
    stats_.skipped += stats_.sent - stream_.end();
    stats_.sent = stream_.end();
  }
  BeginEpoch(now);
  TakeGrant(now);
  TryResume(now);
  CallOnDue();
}

void PlayerCore::OnLost(const absl::Status& reason) {
  const MonotonicTime now = options_.clock();
  last_error_ = reason;
  ++over_.calls_failed;
  HoldSteering(now);
  TakeGrant(now);
  CallOnDue();
}

void PlayerCore::OnLoss(const SendLog::Loss& loss) {
  for (PlayerStats& stats : draining_) {
    if (stats.epoch == loss.epoch) stats.lost += loss.frames;
  }
  if (stats_.epoch == loss.epoch) stats_.lost += loss.frames;
  if (!loss.over) return;
  FinishDraining(loss.epoch, "and the server was lost before it was played");
}

// The wait for a grant has held the clock until now.
void PlayerCore::TakeGrant(MonotonicTime now) {
  if (state_ == State::kRunning && !stats_.free_run) {
    HoldAtQueue(now);
    clock_.HoldAt(Limit(), now);
  }
  const int64_t before = granted_;
  granted_ = Granted();
  if (granted_ > std::max(before, stats_.produced)) stall_.End(now);
}

void PlayerCore::OnProgress(const v1::Progress& progress) {
  for (PlayerStats& stats : draining_) {
    if (stats.epoch != progress.epoch()) continue;
    stats.received = progress.received_frame();
    stats.played = progress.played_frame();
  }
  if (stats_.epoch != progress.epoch() || progress.epoch() == 0) return;
  const MonotonicTime now = options_.clock();
  played_.OnSaid(progress.played_frame(),
                 stream_.round_trip().value_or(nanoseconds(0)) / 2, now,
                 sending_ && encoder_->silent());
  sink_latency_ = microseconds(
      std::clamp<int64_t>(progress.sink_latency_us(), 0, 10000000));
  stats_.received = progress.received_frame();
  stats_.played = progress.played_frame();
  stats_.target_margin_us = progress.target_margin_us();
  stats_.margin_error_us.reset();
  if (progress.has_margin_error_us()) {
    stats_.margin_error_us = progress.margin_error_us();
  }
  if (!begun_) return;  // released: it drains
  const int64_t before = granted_;
  TakeGrant(now);
  Steer(progress, now);
  if (granted_ <= before && sending_) return;
  TryResume(now);
  CallOnDue();
}

void PlayerCore::Steer(const v1::Progress& progress, MonotonicTime now) {
  if (state_ != State::kRunning) played_.Freeze(now);
  if (state_ != State::kRunning || !sending_ || stall_.waiting() ||
      !progress.has_margin_error_us()) {
    HoldSteering(now);
    return;
  }
  // An error of more than an hour is as good as one of an hour.
  const int64_t error_us =
      std::clamp<int64_t>(progress.margin_error_us(), -3600000000, 3600000000);
  const int64_t target_us =
      std::clamp<int64_t>(progress.target_margin_us(), 0, 1000000);
  SetPpm(
      steering_.OnError(microseconds(error_us), now, microseconds(target_us)),
      now);
}

void PlayerCore::HoldSteering(MonotonicTime now) {
  steering_.Hold();
  SetPpm(steering_.ppm(), now);
}

void PlayerCore::SetPpm(double ppm, MonotonicTime now) {
  clock_.SetPpm(ppm, now);
  stream_.set_clock_ppm(ppm);
}

void PlayerCore::OnDrained(const v1::Drained& drained) {
  for (PlayerStats& stats : draining_) {
    if (stats.epoch == drained.epoch()) stats.played = drained.played_frame();
  }
  FinishDraining(drained.epoch(), "played to its end");
  // An epoch may have waited for its turn.
  const MonotonicTime now = options_.clock();
  BeginEpoch(now);
  TakeGrant(now);
  TryResume(now);
  CallOnDue();
}

// All up to `epoch` are over.
void PlayerCore::FinishDraining(uint64_t epoch, const char* how) {
  while (!draining_.empty() && draining_.front().epoch <= epoch) {
    PlayerStats& stats = draining_.front();
    AccountFor(stats, how);
    if (stats.epoch == stats_.epoch) {
      stats_.played = stats_.received = stats.played;
      stats_.drained = true;
    }
    draining_.pop_front();
  }
}

void PlayerCore::AccountFor(const PlayerStats& stats, const char* how) {
  over_.Add(stats);
  spdlog::info(
      "epoch over, {} stream={} epoch={} produced={} played={} skipped={} "
      "lost={} packets={} bytes={} free_runs={} stalled_ms={}",
      how, options_.stream, stats.epoch, stats.produced,
      // The positions that were passed without being played.
      std::max<int64_t>(stats.played - stats.skipped - stats.lost, 0),
      stats.skipped, stats.lost, stats.packets, stats.payload_bytes,
      stats.free_runs, stats.stalled.count() / 1000000);
}

}  // namespace earshot
