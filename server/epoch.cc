#include "server/epoch.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/packet_decoder.h"

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// Before a packet says how long packets are: 10 ms, what clients send.
constexpr std::chrono::milliseconds kUsualPacket{10};
// The play-out ticks every 5 ms: the clock is never further ahead of it.
constexpr std::chrono::milliseconds kMaxTick{10};

int64_t WindowFrames(const EpochParams& params, const PlayoutConfig& config) {
  return FramesIn(std::max(config.target_margin + config.grant_beyond_target,
                           config.initial_window),
                  params.rate_hz);
}

// The window as 16-bit PCM, twice for what packets and items cost, and one
// packet of the largest size: more than any codec needs for it.
size_t MaxBytes(const EpochParams& params, const PlayoutConfig& config) {
  return static_cast<size_t>(WindowFrames(params, config)) * 2 *
             sizeof(int16_t) * static_cast<size_t>(params.channels) +
         2 * kMaxPayloadBytes;
}

double Milliseconds(nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace

Epoch::Epoch(const EpochParams& params, const PlayoutConfig& config,
             bool active, MonotonicTime now)
    : params_(params),
      config_(config),
      window_frames_(WindowFrames(params, config)),
      buffer_(params.first_frame, MaxBytes(params, config)),
      active_(active),
      cursor_(params.first_frame),
      granted_(params.first_frame),
      left_to_drop_(params.pre_skip_frames),
      last_play_(now),
      last_media_(now) {
  state_reason_ = active ? "the epoch began" : "the epoch before still plays";
  UpdateGrant();
}

Refusal Epoch::AddPacket(int64_t first_frame, int64_t frame_count,
                         std::string payload, MonotonicTime now) {
  int decoded = 0;
  Refusal refusal = CheckPayload(frame_count, payload, &decoded);
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
  MeasureMargin(frame_count, now);
  OnMedia(now);
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
  OnMedia(now);
  return Refusal::None();
}

Refusal Epoch::AddSkip(int64_t first_frame, int64_t frame_count,
                       MonotonicTime now) {
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
  left_to_drop_ = params_.pre_skip_frames;
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
  dry_since_.reset();  // the source has stopped: nothing was late
  SetState(State::kPaused, "the guest has stopped the stream");
}

void Epoch::Resume(MonotonicTime now) {
  if (state_ != State::kPaused) return;
  SetState(before_pause_, "the guest has started the stream again");
  last_play_ = now;
  if (priming_since_.has_value()) priming_since_ = now;
}

void Epoch::Activate(MonotonicTime now) {
  active_ = true;
  last_play_ = now;
  if (priming_since_.has_value()) priming_since_ = now;
  if (state_ == State::kPriming) state_reason_ = "the epoch began";
}

Epoch::Step Epoch::Next(int64_t want, int64_t decoded, MonotonicTime now) {
  using Kind = Step::Kind;
  if (!active_ || want <= 0 || state_ == State::kPaused ||
      state_ == State::kDone) {
    return {};
  }
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
    return {Kind::kCopy, frames, {}};
  }
  const JitterBuffer::Item* front = buffer_.front();
  if (front == nullptr) return RunDry(now);
  switch (front->kind) {
    case JitterBuffer::Item::Kind::kPacket: {
      JitterBuffer::Item item = buffer_.PopFront();
      return {Kind::kDecode, item.end_frame - item.first_frame,
              std::move(item.payload)};
    }
    case JitterBuffer::Item::Kind::kSkip: {
      const JitterBuffer::Item item = buffer_.PopFront();
      cursor_ = item.end_frame;
      skips_passed_ += item.end_frame - item.first_frame;
      UpdateGrant();
      return {Kind::kRestart, 0, {}};
    }
    case JitterBuffer::Item::Kind::kSilence:
      return PlaySilence(want);
  }
  return {};
}

int64_t Epoch::TakeOwedSilence() { return std::exchange(owed_silence_, 0); }

int64_t Epoch::received_position() const {
  return std::max(cursor_, buffer_.end_frame());
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

Refusal Epoch::CheckPayload(int64_t frame_count, const std::string& payload,
                            int* decoded) const {
  if (payload.size() > static_cast<size_t>(kMaxPayloadBytes)) {
    return {Reason::kPayloadTooLarge, "packet.payload",
            absl::StrCat(payload.size(), " bytes; at most ", kMaxPayloadBytes,
                         " are allowed")};
  }
  const absl::StatusOr<int> count = PacketDecoder::CountFrames(
      params_.codec, params_.rate_hz, params_.channels, payload);
  if (!count.ok()) {
    return {Reason::kBadPayload, "packet.payload",
            std::string(count.status().message())};
  }
  *decoded = *count;
  const int most = std::max(0, *count - left_to_drop_);
  // A packet of nothing but pre-skip holds no frames of the stream.
  const int least = most == 0 ? 0 : 1;
  if (frame_count < least || frame_count > most ||
      frame_count * 1000 > int64_t{kMaxPacketMs} * params_.rate_hz) {
    return {
        Reason::kBadFrameCount, "packet.frame_count",
        absl::StrCat(frame_count, " frames, but the payload holds ", least,
                     " to ", most, ", and ", kMaxPacketMs, " ms are the most")};
  }
  return Refusal::None();
}

Refusal Epoch::Explain(AddResult result, const char* field, int64_t first_frame,
                       int64_t frame_count) const {
  switch (result) {
    case AddResult::kAdded:
      break;
    case AddResult::kNotContiguous:
      return {
          Reason::kNotContiguous, field,
          absl::StrCat(first_frame, " is not where the last message ended: ",
                       buffer_.end_frame())};
    case AddResult::kBadCount:
      return {Reason::kBadFrameCount, field,
              absl::StrCat(frame_count, " frames; at least 1 is needed")};
    case AddResult::kTooFar:
      return {Reason::kPositionTooLarge, field,
              absl::StrCat("positions go from 0 to ", kMaxPosition)};
    case AddResult::kNotGranted:
      return {Reason::kNotGranted, field,
              absl::StrCat("[", first_frame, ", ", first_frame + frame_count,
                           ") goes beyond the granted position ", granted_)};
    case AddResult::kTooManyBytes:
      return {Reason::kTooMuchQueued, field,
              absl::StrCat("the server holds ", buffer_.bytes(),
                           " bytes of this epoch, which is all it may")};
    case AddResult::kEnded:
      return {Reason::kNoEpoch, field, "the epoch has ended"};
  }
  return Refusal::None();
}

void Epoch::MeasureMargin(int64_t frame_count, MonotonicTime now) {
  if (dry_since_.has_value()) {  // it is late
    margin_.Add(*dry_since_ - now, now);
    return;
  }
  if (state_ != State::kPlaying || !active_) return;
  // What plays until this packet is due, less what the clock has played since
  // the last tick.
  const nanoseconds since = std::min<nanoseconds>(now - last_play_, kMaxTick);
  margin_.Add(DurationOf(MediaAhead() - frame_count, params_.rate_hz) - since,
              now);
}

// Packets or silence came: what was dry is not dry any longer.
void Epoch::OnMedia(MonotonicTime now) {
  last_media_ = now;
  if (dry_since_.has_value()) {
    ++underruns_;
    dry_since_.reset();
  }
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
  owed_silence_ += std::max<int64_t>(0, unconfirmed_ - too_far);
  unconfirmed_ = 0;
  if (too_far == 0 || state_ != State::kPlaying) return;
  margin_.Add(-DurationOf(too_far, params_.rate_hz), now);
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
  if (waited >= config_.target_margin + config_.priming_patience) return true;
  const int64_t packet =
      packet_frames_ > 0 ? packet_frames_ : Frames(kUsualPacket);
  // Open silence grows as time goes, though nothing arrives.
  const int64_t silence = buffer_.in_open_silence() ? Frames(waited) : 0;
  return MediaAhead() + silence >= Frames(config_.target_margin) + packet;
}

Epoch::Step Epoch::RunDry(MonotonicTime now) {
  if (buffer_.ended()) {
    SetState(State::kDone, "played to its end");
    return {};
  }
  dry_since_ = now;
  StartPriming(
      absl::StrCat("underrun: no packet for ",
                   static_cast<int64_t>(Milliseconds(now - last_media_)),
                   " ms"),
      now);
  return {};
}

Epoch::Step Epoch::PlaySilence(int64_t want) {
  const JitterBuffer::Item& item = *buffer_.front();
  Step step{Step::Kind::kZeros, want, {}};
  const bool open = item.end_frame == JitterBuffer::kOpenEnd;
  if (!open) step.frames = std::min(want, item.end_frame - cursor_);
  if (step.frames <= 0) {  // it ended where the cursor already is
    buffer_.PopFront();
    return {Step::Kind::kZeros, 0, {}};
  }
  cursor_ += step.frames;
  silence_ += step.frames;
  UpdateGrant();
  if (!open) return step;
  unconfirmed_ += step.frames;
  const int64_t sure =
      std::max<int64_t>(0, unconfirmed_ - Frames(config_.silence_hold_back));
  unconfirmed_ -= sure;
  owed_silence_ += sure;
  step.kind = Step::Kind::kNothing;  // heard, and recorded when it is sure
  return step;
}

void Epoch::UpdateGrant() {
  granted_ =
      std::max(granted_, cursor_ + buffer_.skip_frames() + window_frames_);
}

int64_t Epoch::MediaAhead() const {
  return buffer_.end_frame() - cursor_ - buffer_.skip_frames();
}

}  // namespace earshot
