#include "tests/simulation/virtual_client.h"

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kStallBudget{80};
constexpr int kRingMs = 100;    // what the guest's queue holds
constexpr int kCatchUpMs = 20;  // of a source, or a loop, that was late
constexpr int kResumeMs = 30;   // a grant that is worth going on for

}  // namespace

VirtualClient::VirtualClient(int rate_hz, int64_t packet_frames, Output output)
    : rate_hz_(rate_hz),
      packet_frames_(packet_frames),
      output_(std::move(output)) {
  clock_.Reset(rate_hz);
}

void VirtualClient::Start(MonotonicTime now, int64_t initial_frames) {
  credit_.Begin(0, initial_frames);
  clock_.Start(now);
}

void VirtualClient::Stop(MonotonicTime now) {
  clock_.HoldAt(Limit(), now);
  clock_.Stop(now);
  EndStall(now);
  steering_.Hold();
}

void VirtualClient::Resume(MonotonicTime now) {
  clock_.SetPpm(steering_.ppm(), now);
  clock_.Start(now);
}

void VirtualClient::Wake(MonotonicTime now) {
  if (!clock_.running()) return;
  clock_.HoldAt(produced_ + rate_hz_ / 1000 * (kRingMs + kCatchUpMs), now);
  while (clock_.Position(now) >= produced_ + packet_frames_ &&
         (free_run_ || produced_ + packet_frames_ <= Limit())) {
    produced_ += packet_frames_;
    if (free_run_) continue;
    output_.packet(sent_, packet_frames_);
    sent_ = produced_;
  }
  if (free_run_ || clock_.Position(now) < Limit()) return;
  if (!stalled_since_) stalled_since_ = now;
  clock_.HoldAt(Limit(), now);
  if (now - *stalled_since_ < kStallBudget) return;
  EndStall(now);
  free_run_ = true;
  steering_.Hold();
  clock_.SetPpm(steering_.ppm(), now);
}

MonotonicTime VirtualClient::NextDue(MonotonicTime now) const {
  if (!clock_.running()) return MonotonicTime::max();
  if (stalled_since_) return *stalled_since_ + kStallBudget;
  const int64_t next = produced_ + packet_frames_;
  if (free_run_) return clock_.TimeOf(next);
  return std::max(now, clock_.TimeOf(std::min(next, Limit())));
}

void VirtualClient::OnProgress(int64_t granted_frame,
                               std::optional<nanoseconds> margin_error,
                               nanoseconds target_margin, MonotonicTime now) {
  if (clock_.running() && !free_run_) {
    if (margin_error) {
      steering_.OnError(*margin_error, now, target_margin);
    } else {
      steering_.Hold();
    }
    clock_.SetPpm(steering_.ppm(), now);
    clock_.HoldAt(Limit(), now);
  }
  if (!credit_.Grant(granted_frame)) return;
  EndStall(now);
  if (!free_run_) return;
  if (credit_.granted_frame() - sent_ < rate_hz_ / 1000 * kResumeMs) return;
  free_run_ = false;
  if (produced_ == sent_) return;
  output_.skip(sent_, produced_ - sent_);
  credit_.Skip(produced_ - sent_);
  skipped_ += produced_ - sent_;
  sent_ = produced_;
}

int64_t VirtualClient::Limit() const {
  return std::max(credit_.granted_frame(), produced_);
}

void VirtualClient::EndStall(MonotonicTime now) {
  if (!stalled_since_) return;
  stalled_ += std::max<nanoseconds>(now - *stalled_since_, nanoseconds(0));
  stalled_since_.reset();
}

}  // namespace earshot
