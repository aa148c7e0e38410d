#include "device/sound/pcm_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/types/span.h"
#include "device/sound/pcm_params.h"

namespace earshot {
namespace {

// Payload is copied out of the guest's memory in pieces of at most this many
// bytes, whole frames: 10 ms at 48 kHz of the largest ones.
constexpr size_t kScratchBytes = 480 * 64;

// How often a running stream without buffers looks at the ring, in case that a
// kick was lost. Well under the 100 ms after which ALSA gives up.
constexpr auto kStarvedPoll = std::chrono::milliseconds(20);

// How long to wait if the output asks for a poll at a time at which it had
// nothing due: rounding must not become a busy loop.
constexpr auto kNoProgressPoll = std::chrono::milliseconds(1);

// How often to look whether the guest has noticed what came back.
constexpr auto kHeldPoll = std::chrono::milliseconds(5);

// How long a running stream that has played something stays without sound until
// that is an underflow. A guest that has come to its end learns so from its
// last buffer, and stops: that takes it a moment, and is none.
constexpr auto kUnderflow = std::chrono::milliseconds(40);

}  // namespace

PcmStream::PcmStream(PcmOutput* output)
    : output_(output), scratch_(kScratchBytes) {}

SndStatus PcmStream::SetParams(const PcmParams& params, MonotonicTime now,
                               uint32_t features) {
  if (state_ == State::kRunning || state_ == State::kStopped) {
    return SndStatus::kBadMsg;
  }
  if (has_epoch()) {
    // What was queued has a format that is no longer set.
    FailQueue();
    EndEpoch(now);
  }
  params_ = params;
  features_ = features;
  state_ = State::kParamsSet;
  return SndStatus::kOk;
}

SndStatus PcmStream::Prepare(MonotonicTime now) {
  switch (state_) {
    case State::kParamsSet:
    case State::kReleased:
      break;
    case State::kPrepared:
      // Nothing was played yet, so this epoch is still at its beginning.
      return SndStatus::kOk;
    default:
      return SndStatus::kBadMsg;
  }
  produced_ = 0;
  queued_end_ = 0;
  ring_.Reset(params_.buffer_frames, params_.rate_hz);
  ++stats_.epochs;
  output_->Prepare(params_, now);
  state_ = State::kPrepared;
  return SndStatus::kOk;
}

SndStatus PcmStream::Start(MonotonicTime now) {
  if (state_ != State::kPrepared && state_ != State::kStopped) {
    return SndStatus::kBadMsg;
  }
  state_ = State::kRunning;
  UpdateClock(now);
  Poll(now);
  return SndStatus::kOk;
}

SndStatus PcmStream::Stop(MonotonicTime now) {
  if (state_ != State::kRunning) return SndStatus::kBadMsg;
  Poll(now);  // what the clock has passed until now is played
  state_ = State::kStopped;
  UpdateClock(now);
  return SndStatus::kOk;
}

SndStatus PcmStream::Release(MonotonicTime now) {
  if (state_ == State::kRunning) return SndStatus::kBadMsg;
  if (!has_epoch()) return SndStatus::kOk;
  if (state_ == State::kPrepared) {
    stats_.frames_unplayed += queued_end_;
    produced_ = queued_end_;  // discarded, which consumes it as well
  } else {
    WriteUpTo(queued_end_, now);
  }
  ring_.Reset(0, 0);  // nothing is held back
  CompleteProduced(now);
  EndEpoch(now);
  state_ = State::kReleased;
  return SndStatus::kOk;
}

PcmStream::QueueResult PcmStream::Queue(TxBuffer buffer) {
  if (!has_epoch()) {
    ++stats_.buffers_failed;
    buffer.Fail();
    return QueueResult::kNotPrepared;
  }
  const size_t frame_bytes = static_cast<size_t>(FrameBytes(params_));
  const size_t frames = buffer.payload_bytes() / frame_bytes;
  const int64_t queued = std::max<int64_t>(queued_end_ - produced_, 0);
  if (frames > static_cast<size_t>(kMaxQueuedFrames - queued)) {
    ++stats_.buffers_failed;
    buffer.Fail();
    return QueueResult::kTooMuch;
  }
  stats_.bytes_dropped +=
      static_cast<int64_t>(buffer.payload_bytes() % frame_bytes);
  // What comes late ends the underflow, though it may be due at once.
  if (frames > 0) dry_since_.reset();
  const int64_t begin = queued_end_;
  queued_end_ += static_cast<int64_t>(frames);
  fifo_.Push(std::move(buffer), begin, queued_end_);
  return QueueResult::kQueued;
}

void PcmStream::Poll(MonotonicTime now) {
  if (!clock_runs_) return;
  last_poll_ = now;
  // After SuspendQueue() the queue may end before what was played of it.
  const int64_t end = std::max(queued_end_, produced_);
  WriteUpTo(std::min(output_->DuePosition(end, now), end), now);
  CompleteProduced(now);
  WatchForUnderflow(now);
}

bool PcmStream::TakeUnderflow() { return std::exchange(underflow_, false); }

MonotonicTime PcmStream::NextDeadline(MonotonicTime now) const {
  if (!clock_runs_) return MonotonicTime::max();
  if (fifo_.empty()) return last_poll_ + kStarvedPoll;
  if (fifo_.front().end <= produced_) return last_poll_ + kHeldPoll;
  const MonotonicTime due = output_->NextDue(fifo_.front().end, now);
  return due > last_poll_ ? due : last_poll_ + kNoProgressPoll;
}

void PcmStream::SuspendQueue(MonotonicTime now) {
  queue_present_ = false;
  UpdateClock(now);
  if (!fifo_.empty()) queued_end_ = fifo_.front().begin;
  fifo_.Clear();
}

void PcmStream::ResumeQueue(MonotonicTime now) {
  queue_present_ = true;
  UpdateClock(now);
}

void PcmStream::Reset(MonotonicTime now) {
  fifo_.Clear();
  if (has_epoch()) {
    state_ = State::kStopped;
    UpdateClock(now);
    EndEpoch(now);
  }
  state_ = State::kInitial;
}

// Positions mean nothing until the next Prepare().
void PcmStream::EndEpoch(MonotonicTime now) {
  output_->Release(now);
  produced_ = 0;
  queued_end_ = 0;
}

// The output's clock runs while the guest wants it and can be answered.
void PcmStream::UpdateClock(MonotonicTime now) {
  const bool run = state_ == State::kRunning && queue_present_;
  if (run == clock_runs_) return;
  clock_runs_ = run;
  dry_since_.reset();
  underflow_ = false;
  if (run) {
    last_poll_ = now;
    output_->Start(now);
  } else {
    output_->Stop(now);
  }
}

// Reads [produced_, position) out of the guest's memory now, and no earlier:
// some drivers expose a period before the application has filled it.
void PcmStream::WriteUpTo(int64_t position, MonotonicTime now) {
  for (size_t i = 0; i < fifo_.size() && produced_ < position; ++i) {
    const TxFifo::Entry& entry = fifo_.at(i);
    const int64_t end = std::min(position, entry.end);
    if (produced_ < end) {
      stats_.frames_produced += WriteFrom(entry, end, now);
      produced_ = end;
    }
  }
}

// Hands [produced_, end) of one buffer over, in pieces; returns the frames.
int64_t PcmStream::WriteFrom(const TxFifo::Entry& entry, int64_t end,
                             MonotonicTime now) {
  const size_t frame_bytes = static_cast<size_t>(FrameBytes(params_));
  size_t offset = static_cast<size_t>(produced_ - entry.begin) * frame_bytes;
  size_t left = static_cast<size_t>(end - produced_) * frame_bytes;
  const size_t most = scratch_.size() / frame_bytes * frame_bytes;
  while (left > 0) {
    absl::Span<uint8_t> piece =
        absl::MakeSpan(scratch_).first(std::min(left, most));
    entry.buffer.ReadPayload(offset, piece);
    output_->Write(piece, now);
    offset += piece.size();
    left -= piece.size();
  }
  return end - produced_;
}

void PcmStream::CompleteProduced(MonotonicTime now) {
  if (fifo_.empty() || fifo_.front().end > produced_) return;
  // Of one batch, every buffer is heard the same time after now.
  const uint32_t latency_bytes = LatencyBytes(now);
  while (!fifo_.empty() && fifo_.front().end <= produced_) {
    TxFifo::Entry& front = fifo_.front();
    ring_.Look(front.buffer.driver_has_looked(), now);
    if (fifo_.size() == 1 && ring_.Holds(front.end, now)) return;
    ring_.GiveBack(front.end, now);
    front.buffer.Complete(latency_bytes);
    fifo_.Pop();
    ++stats_.buffers_completed;
  }
}

void PcmStream::FailQueue() {
  while (!fifo_.empty()) {
    fifo_.front().buffer.Fail();
    fifo_.Pop();
    ++stats_.buffers_failed;
  }
}

// 5.14.6.7: "an underflow for the output stream". Positions say more than the
// queue does: a buffer that is held back carries no more sound.
void PcmStream::WatchForUnderflow(MonotonicTime now) {
  if (produced_ == 0 || queued_end_ > produced_) {
    dry_since_.reset();
    return;
  }
  if (!dry_since_) {
    dry_since_ = now;
    dry_counted_ = false;
  }
  if (dry_counted_ || now - *dry_since_ < kUnderflow) return;
  dry_counted_ = true;
  ++stats_.underflows;
  underflow_ = (features_ & kSndPcmEvtXruns) != 0;
}

// 5.14.6.8: "current device latency", in the guest's bytes; Linux makes its
// delay of it, hence audio and video stay together.
uint32_t PcmStream::LatencyBytes(MonotonicTime now) const {
  const int64_t most = std::numeric_limits<uint32_t>::max();
  const int64_t frame_bytes = FrameBytes(params_);
  const int64_t frames = output_->DelayFrames(now);
  return static_cast<uint32_t>(
      std::clamp<int64_t>(frames, 0, most / frame_bytes) * frame_bytes);
}

const char* ToString(PcmStream::State state) {
  switch (state) {
    case PcmStream::State::kInitial:
      return "initial";
    case PcmStream::State::kParamsSet:
      return "params-set";
    case PcmStream::State::kPrepared:
      return "prepared";
    case PcmStream::State::kRunning:
      return "running";
    case PcmStream::State::kStopped:
      return "stopped";
    case PcmStream::State::kReleased:
      return "released";
  }
  return "?";
}

}  // namespace earshot
