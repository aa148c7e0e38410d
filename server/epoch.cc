#include "server/epoch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/payload_check.h"

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// Before a packet says how long packets are: 10 ms, what clients send.
constexpr std::chrono::milliseconds kUsualPacket{10};
// A longer one is a blackout, and no reason to let the client run further.
constexpr std::chrono::seconds kLongestRoundTrip{1};
// What a guest is late by beyond this is not what delay is good for.
constexpr std::chrono::milliseconds kMostOfSource{50};

// What is granted as 16-bit PCM, twice for what packets and items cost, and one
// packet of the largest size: more than any codec needs for it.
size_t MaxBytes(int64_t frames, int channels) {
  return static_cast<size_t>(frames) * 2 * sizeof(int16_t) *
             static_cast<size_t>(channels) +
         2 * kMaxPayloadBytes;
}

double Milliseconds(nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace

Epoch::Epoch(const EpochParams& params, const PlayoutConfig& config,
             TargetMargin* target, MarginHistory* margins, bool active,
             MonotonicTime now)
    : params_(params),
      config_(config),
      target_(target),
      margins_(margins),
      buffer_(params.first_frame, 0),
      underruns_(now),
      open_silence_(FramesIn(config.silence_hold_back, params.rate_hz)),
      active_(active),
      cursor_(params.first_frame),
      granted_(params.first_frame),
      left_to_drop_(params.frames_to_drop_first()),
      last_pull_(now),
      last_play_(now),
      last_media_(now) {
  state_reason_ = active ? "the epoch began" : "the epoch before still plays";
  if (active) target_->BeginEpoch(params.low_latency);
  UpdateGrant();
}

Refusal Epoch::AddPacket(int64_t first_frame, int64_t frame_count,
                         std::string payload, int64_t capture_time_ns,
                         MonotonicTime now) {
  int decoded = 0;
  Refusal refusal =
      CheckPayload(params_, left_to_drop_, frame_count, payload, &decoded);
  if (!refusal.ok()) return refusal;
  const bool was_silent = buffer_.in_open_silence();
  const auto bytes = static_cast<int64_t>(payload.size());
  const AddResult result =
      buffer_.AddPacket(first_frame, frame_count, std::move(payload), granted_);
  if (result != AddResult::kAdded) {
    return Explain(result, "packet.first_frame", first_frame, frame_count);
  }
  ++packets_;
  payload_bytes_ += bytes;
  packet_frames_ = std::max<int64_t>(frame_count, 1);
  left_to_drop_ -= std::min(left_to_drop_, decoded);
  if (was_silent) SettleSilence(first_frame, now);
  OnPacket(frame_count, capture_time_ns, now);
  return Refusal::None();
}

Refusal Epoch::AddSilence(int64_t first_frame, MonotonicTime now) {
  const bool was_silent = buffer_.in_open_silence();
  if (first_frame > granted_) {
    return Explain(AddResult::kNotGranted, "silence.first_frame", first_frame,
                   0);
  }
  const AddResult result = buffer_.AddSilence(first_frame);
  if (result != AddResult::kAdded) {
    return Explain(result, "silence.first_frame", first_frame, 0);
  }
  if (was_silent) SettleSilence(first_frame, now);
  UpdateGrant();
  source_.Reset();
  underruns_.OnMedia(nanoseconds(0), nanoseconds(0), now);
  OnMedia(now);
  return Refusal::None();
}

Refusal Epoch::AddSkip(int64_t first_frame, int64_t frame_count,
                       SkipReason reason, MonotonicTime now) {
  const bool was_silent = buffer_.in_open_silence();
  // A skip needs no grant, but the silence before it does: it is played.
  if (was_silent && first_frame > granted_) {
    return Explain(AddResult::kNotGranted, "skip.first_frame", first_frame, 0);
  }
  const AddResult result = buffer_.AddSkip(first_frame, frame_count);
  if (result != AddResult::kAdded) {
    return Explain(result,
                   result == AddResult::kBadCount ? "skip.frame_count"
                                                  : "skip.first_frame",
                   first_frame, frame_count);
  }
  skipped_ += frame_count;
  skip_reasons_.Add(reason, frame_count);
  left_to_drop_ = params_.pre_skip_frames;
  source_.Reset();
  if (was_silent) SettleSilence(first_frame, now);
  UpdateGrant();
  return Refusal::None();
}

Refusal Epoch::End(int64_t end_frame, MonotonicTime now) {
  const bool was_silent = buffer_.in_open_silence();
  const AddResult result = buffer_.End(end_frame, granted_);
  if (result != AddResult::kAdded) {
    return Explain(result, "end.end_frame", end_frame, 0);
  }
  if (was_silent) SettleSilence(end_frame, now);
  SetState(State::kDraining, "the epoch has ended");
  return Refusal::None();
}

void Epoch::EndHere(MonotonicTime now) {
  if (buffer_.ended()) return;
  // In silence: as far as it was played, for nobody can say more.
  const int64_t end_frame = buffer_.in_open_silence()
                                ? std::max(cursor_, buffer_.end_frame())
                                : buffer_.end_frame();
  const Refusal refusal = End(std::min(end_frame, kMaxPosition), now);
  // The position is the buffer's own, so this cannot be; drain all the same.
  if (!refusal.ok()) SetState(State::kDraining, refusal.message);
}

void Epoch::Pause() {
  if (state_ == State::kPaused || buffer_.ended()) return;
  before_pause_ = state_;
  underruns_.Forget();  // the source has stopped: nothing was late
  source_.Reset();
  SetState(State::kPaused, "the guest has stopped the stream");
}

void Epoch::Resume(MonotonicTime now) {
  if (state_ != State::kPaused) return;
  SetState(before_pause_, "the guest has started the stream again");
  last_play_ = now;
  if (priming_since_.has_value()) priming_since_ = now;
}

void Epoch::SetRoundTrip(nanoseconds worst) {
  round_trip_ = std::min<nanoseconds>(worst, kLongestRoundTrip);
  UpdateGrant();
}

void Epoch::Activate(MonotonicTime now) {
  active_ = true;
  target_->BeginEpoch(params_.low_latency);
  last_play_ = now;
  if (priming_since_.has_value()) priming_since_ = now;
  if (state_ == State::kPriming) state_reason_ = "the epoch began";
}

Epoch::Step Epoch::Next(int64_t want, int64_t decoded, MonotonicTime now) {
  using Kind = Step::Kind;
  if (!active_ || want <= 0 || state_ == State::kPaused ||
      state_ == State::kDone) {
    underruns_.OnIdle(now);
    return {};
  }
  OnPull(want, now);
  if (state_ == State::kPriming) {
    if (!Primed(now)) return {};
    SetState(State::kPlaying, "");
    priming_since_.reset();
    margin_.Reset();  // the delay has just been chosen anew
  }
  last_play_ = now;
  if (decoded > 0) {
    const int64_t frames = std::min(want, decoded);
    cursor_ += frames;
    UpdateGrant();
    return {Kind::kCopy, frames, {}, cursor_ - frames};
  }
  const JitterBuffer::Item* front = buffer_.front();
  if (front == nullptr) return RunDry(now);
  switch (front->kind) {
    case JitterBuffer::Item::Kind::kPacket: {
      JitterBuffer::Item item = buffer_.PopFront();
      return {Kind::kDecode, item.end_frame - item.first_frame,
              std::move(item.payload), item.first_frame};
    }
    case JitterBuffer::Item::Kind::kSkip: {
      const JitterBuffer::Item item = buffer_.PopFront();
      cursor_ = item.end_frame;
      skips_passed_ += item.end_frame - item.first_frame;
      UpdateGrant();
      return {Kind::kRestart,
              item.end_frame - item.first_frame,
              {},
              item.first_frame};
    }
    case JitterBuffer::Item::Kind::kSilence:
      return PlaySilence(want);
  }
  return {};
}

int64_t Epoch::received_position() const {
  return std::max(cursor_, buffer_.end_frame());
}

int64_t Epoch::window_frames() const {
  return Frames(std::max<nanoseconds>(
      target_->target() + round_trip_ + config_.grant_beyond_target,
      config_.initial_window));
}

int64_t Epoch::produced_frames() const {
  return received_position() - params_.first_frame;
}

int64_t Epoch::played_frames() const {
  return cursor_ - params_.first_frame - skips_passed_;
}

int64_t Epoch::queued_frames() const {
  return received_position() - cursor_ - buffer_.skip_frames();
}

void Epoch::OnPacket(int64_t frame_count, int64_t capture_time_ns,
                     MonotonicTime now) {
  const nanoseconds duration = DurationOf(frame_count, params_.rate_hz);
  const nanoseconds source_late = source_.Add(capture_time_ns, duration, now);
  nanoseconds late(0);
  bool learn = true;
  if (const auto dry_since = underruns_.dry_since(); dry_since.has_value()) {
    late = margin_.Lateness(*dry_since - now);
    if (frame_count > 0) margins_->Add(*dry_since - now, now);
    const auto cause = underruns_.OnMedia(late, source_late, now);
    learn = cause == UnderrunCause::kNetworkLate ||
            cause == UnderrunCause::kSourceStarved;
  } else {
    underruns_.OnMedia(nanoseconds(0), source_late, now);
    if (frame_count > 0 && state_ == State::kPlaying && active_) {
      const nanoseconds margin = MeasureMargin(frame_count, now);
      late = margin_.Add(margin, duration, now);
      margins_->Add(margin, now);
    }
  }
  late -= std::max<nanoseconds>(source_late - kMostOfSource, nanoseconds(0));
  if (learn && late > nanoseconds(0)) target_->AddLateness(late, now);
  OnMedia(now);
}

// What plays until this packet is due, less what the sink's clock has played
// since the last pull: as much as it usually pulls, and some more if that is
// late.
nanoseconds Epoch::MeasureMargin(int64_t frame_count, MonotonicTime now) {
  const nanoseconds since = std::min<nanoseconds>(
      now - last_play_, DurationOf(2 * usual_pull_, params_.rate_hz));
  return DurationOf(MediaAhead() - frame_count, params_.rate_hz) - since;
}

// Packets or silence came.
void Epoch::OnMedia(MonotonicTime now) {
  last_media_ = now;
  const State state = state_ == State::kPaused ? before_pause_ : state_;
  if (state == State::kPriming && !priming_since_.has_value()) {
    priming_since_ = now;
  }
}

// The end of open silence is known now.
void Epoch::SettleSilence(int64_t end_frame, MonotonicTime now) {
  const int64_t too_far = std::max<int64_t>(0, cursor_ - end_frame);
  cursor_ -= too_far;
  silence_ -= std::min(silence_, too_far);
  open_silence_.Settle(too_far);
  if (too_far == 0 || state_ != State::kPlaying) return;
  StartPriming("the silence ended late", now);
}

void Epoch::SetState(State state, std::string reason) {
  state_ = state;
  state_reason_ = std::move(reason);
}

void Epoch::StartPriming(std::string reason, MonotonicTime now) {
  SetState(State::kPriming, std::move(reason));
  priming_since_.reset();
  if (MediaAhead() > 0) priming_since_ = now;
}

bool Epoch::Primed(MonotonicTime now) const {
  if (!priming_since_.has_value()) return false;
  const nanoseconds waited = now - *priming_since_;
  if (waited >= target_->target() + config_.priming_patience) return true;
  const int64_t packet =
      packet_frames_ > 0 ? packet_frames_ : Frames(kUsualPacket);
  // Open silence grows as time goes, though nothing arrives.
  const int64_t silence = buffer_.in_open_silence() ? Frames(waited) : 0;
  return MediaAhead() + silence >= Frames(target_->target()) + packet;
}

Epoch::Step Epoch::RunDry(MonotonicTime now) {
  if (buffer_.ended()) {
    SetState(State::kDone, "played to its end");
    return {};
  }
  underruns_.OnDry(now);
  StartPriming(
      absl::StrCat("underrun: no packet for ",
                   static_cast<int64_t>(Milliseconds(now - last_media_)),
                   " ms"),
      now);
  return {};
}

Epoch::Step Epoch::PlaySilence(int64_t want) {
  const JitterBuffer::Item& item = *buffer_.front();
  Step step{Step::Kind::kZeros, want, {}, cursor_};
  const bool open = item.end_frame == JitterBuffer::kOpenEnd;
  if (!open) step.frames = std::min(want, item.end_frame - cursor_);
  if (step.frames <= 0) {  // it ended where the cursor already is
    buffer_.PopFront();
    return {Step::Kind::kZeros, 0, {}, cursor_};
  }
  cursor_ += step.frames;
  silence_ += step.frames;
  UpdateGrant();
  if (!open) return step;
  open_silence_.Play(step.frames);
  step.kind = Step::Kind::kNothing;  // heard, and recorded when it is sure
  return step;
}

void Epoch::OnPull(int64_t want, MonotonicTime now) {
  if (state_ == State::kPlaying) target_->Update(now);
  if (now == last_pull_) return;  // more of the same
  last_pull_ = now;
  underruns_.OnPull(DurationOf(usual_pull_, params_.rate_hz), now);
  usual_pull_ = std::max(want, usual_pull_ - usual_pull_ / 16);
}

void Epoch::UpdateGrant() {
  const int64_t from = cursor_ + buffer_.skip_frames();
  const int64_t more = in_open_silence() ? Frames(kSilentInterval) : 0;
  granted_ = std::max(granted_, from + window_frames() + more);
  buffer_.Allow(MaxBytes(granted_ - from, params_.channels));
}

int64_t Epoch::MediaAhead() const {
  return buffer_.end_frame() - cursor_ - buffer_.skip_frames();
}

}  // namespace earshot
