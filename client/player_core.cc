#include "client/player_core.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "client/encoder_factory.h"

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// A source that comes late by less is caught up with (a guest's timer, a busy
// host); beyond that its sound is late for good.
constexpr int kCatchUpMs = 20;
// Free-run ends when so much may be sent: less would only end it for a moment.
constexpr int kResumeMs = 20;
// Ended epochs that the server may have still to play; those of a source that
// starts and ends them faster than they are played wait, in free-run.
constexpr size_t kMaxDraining = 64;
// A card has a FIFO, which it fills at once when it starts: so the sound leaves
// ahead of the clock by a packet, which then need not be waited for, but by no
// more than a usual one, or by an eighth of the source's ring. Where a guest
// measures how long its sound takes, or gives up what is late, our own delays
// are covered by it.
constexpr int64_t kFifoUs = 10000;
constexpr int kRingsPerFifo = 8;

v1::Codec ToProto(AudioCodec codec) {
  return codec == AudioCodec::kOpus ? v1::CODEC_OPUS : v1::CODEC_PCM_S16LE;
}

double Milliseconds(int64_t frames, int rate_hz) {
  return rate_hz > 0 ? 1e3 * static_cast<double>(frames) / rate_hz : 0;
}

}  // namespace

PlayerCore::PlayerCore(PlayerOptions options, ServerTargets targets,
                       const boost::asio::any_io_executor& executor)
    : options_(std::move(options)),
      stream_(std::move(targets), executor, StreamOptions(options_), *this) {
  stream_.Open();
}

PlayerCore::~PlayerCore() = default;

PlaybackStream::Options PlayerCore::StreamOptions(
    const PlayerOptions& options) {
  PlaybackStream::Options result;
  result.stream = options.stream;
  result.client = options.client;
  result.labels = options.labels;
  result.probe = options.probe;
  result.call.codec = ToProto(options.codec.codec);
  result.call.clock = options.clock;
  return result;
}

absl::Status PlayerCore::Prepare(const PlayerFormat& format,
                                 MonotonicTime now) {
  Release(now);
  state_ = State::kPrepared;
  format_ = format;
  stats_ = PlayerStats();
  stats_.epoch = ++last_epoch_;
  stats_.rate_hz = format.rate_hz;
  const int64_t fifo_us = std::min<int64_t>(kFifoUs, options_.codec.packet_us);
  clock_.Reset(format.rate_hz,
               std::min<int64_t>(format.rate_hz * fifo_us / 1000000,
                                 format.buffer_frames / kRingsPerFifo));
  HoldSteering(now);
  begun_ = sending_ = false;
  granted_ = 0;
  skip_reason_ = v1::Skip::REASON_OUTAGE;
  queued_end_ = last_delay_ = resumed_at_ = 0;
  played_.Reset(format.rate_hz);
  stall_.Reset(format.buffer_frames, format.rate_hz);
  resume_at_.reset();
  if (encoder_ != nullptr && encoder_format_.rate_hz == format.rate_hz &&
      encoder_format_.channels == format.channels &&
      encoder_format_.positions == format.positions) {
    return absl::OkStatus();
  }
  encoder_.reset();
  auto encoder = CreatePacketEncoder(options_.codec, format.rate_hz,
                                     format.channels, format.positions);
  if (!encoder.ok()) return encoder.status();
  encoder_ = *std::move(encoder);
  encoder_format_ = format;
  return absl::OkStatus();
}

void PlayerCore::Start(MonotonicTime now) {
  if (state_ != State::kPrepared && state_ != State::kStopped) return;
  state_ = State::kRunning;
  clock_.Start(now);
  if (begun_) {
    stream_.SetPaused(false, now);
  } else {
    BeginEpoch(now);
  }
}

void PlayerCore::Stop(MonotonicTime now) {
  if (state_ != State::kRunning) return;
  state_ = State::kStopped;
  // The clock stops where the source's queue ended, or may have gone to.
  HoldAtQueue(now);
  if (!stats_.free_run) clock_.HoldAt(Limit(), now);
  clock_.Stop(now);
  HoldSteering(now);
  stall_.End(now);
  played_.Freeze(now);
  if (begun_) stream_.SetPaused(true, now);
}

void PlayerCore::HoldAtQueue(MonotonicTime now) {
  clock_.HoldAt(queued_end_ + Frames(kCatchUpMs), now);
}

int64_t PlayerCore::DuePosition(int64_t queued_end, MonotonicTime now) {
  if (state_ != State::kRunning) return stats_.produced;
  HoldAtQueue(now);
  queued_end_ = std::max(queued_end, stats_.produced);
  if (!stats_.free_run) {
    const int64_t limit = Limit();
    if (queued_end_ > limit && clock_.Position(now) >= limit) {
      if (!stall_.waiting()) HoldSteering(now);
      stall_.Wait(std::min(clock_.TimeOf(limit), now));
      if (now >= stall_.Deadline(now, StallBudget())) EnterFreeRun(now);
    }
    clock_.HoldAt(limit, now);
  }
  const int64_t due = std::min(clock_.Position(now), queued_end_);
  return std::max(due, stats_.produced);
}

MonotonicTime PlayerCore::NextDue(int64_t head_end, MonotonicTime now) const {
  if (state_ != State::kRunning) return MonotonicTime::max();
  int64_t target = head_end;
  if (sending_ && encoder_->next_packet_input() > stats_.produced) {
    target = std::min(target, encoder_->next_packet_input());
  }
  const int64_t limit = Limit();
  if (!stats_.free_run && target > limit) {
    return stall_.Deadline(std::max(clock_.TimeOf(limit), now), StallBudget());
  }
  return clock_.TimeOf(target);
}

void PlayerCore::Write(absl::Span<const float> pcm, MonotonicTime now) {
  if (state_ == State::kIdle) return;
  const int channels = format_.channels;
  auto frames = static_cast<int64_t>(pcm.size()) / channels;
  if (resume_at_) {
    const int64_t late =
        std::clamp<int64_t>(*resume_at_ - stats_.produced, 0, frames);
    stats_.produced += late;
    stats_.skipped += late;
    pcm.remove_prefix(late * channels);
    frames -= late;
    if (stats_.produced >= *resume_at_) StartSending();
  }
  int64_t sent = 0;
  if (sending_) {
    sent = std::clamp<int64_t>(granted_ - stats_.produced, 0, frames);
    write_time_ = now;
    stats_.produced += sent;
    const int64_t packets = stats_.packets;
    encoder_->Encode(pcm.subspan(0, sent * channels), *this);
    if (stats_.packets > packets) TellSourceDelay();
  }
  Discard(frames - sent, now);
}

void PlayerCore::Discard(int64_t frames, MonotonicTime now) {
  if (state_ == State::kIdle || frames <= 0) return;
  if (sending_) {
    last_delay_ = SoundDelay(now);
    StopSending(v1::Skip::REASON_RELEASE);
  }
  stats_.produced += frames;
  stats_.skipped += frames;
}

int64_t PlayerCore::DelayFrames(MonotonicTime now) const {
  return sending_ ? SoundDelay(now) : last_delay_;
}

// A packet's positions are those at which it is heard, so the codec's own delay
// is in what was produced and not played.
int64_t PlayerCore::SoundDelay(MonotonicTime now) const {
  // What was skipped is no delay, though the server has not passed it yet.
  if (played_.said() < resumed_at_) {
    return std::max(last_delay_, stats_.produced - resumed_at_);
  }
  const int64_t queued = stats_.produced - played_.At(now);
  return std::max<int64_t>(queued, 0) +
         sink_latency_.count() / 1000 * stats_.rate_hz / 1000000;
}

// Right after a packet: what the encoder holds back of what it was given. Until
// the next one it grows by a packet, so half of that is added for the mean.
void PlayerCore::TellSourceDelay() {
  const int64_t frames = stats_.produced - stats_.sent +
                         encoder_->packet_frames() / 2 + format_.held_frames;
  stream_.set_source_delay(
      std::chrono::microseconds(frames * 1000000 / stats_.rate_hz));
}

void PlayerCore::Release(MonotonicTime now) {
  if (state_ == State::kIdle) return;
  const bool started = state_ != State::kPrepared;
  state_ = State::kIdle;
  stall_.End(now);
  stats_.stalled = stall_.total();
  clock_.Stop(now);
  HoldSteering(now);
  if (begun_) {
    StopSending(v1::Skip::REASON_RELEASE);
    DeclareSkip();
    if (stream_.ForgetSoundless()) {
      AccountFor(stats_, "without the service");
    } else {
      stream_.End(stats_.produced);
      draining_.push_back(stats_);
    }
  } else if (started) {
    AccountFor(stats_, "without the service");
  }
  begun_ = false;
  resume_at_.reset();
  stats_.free_run = false;
}

void PlayerCore::Close(MonotonicTime now) {
  Release(now);
  stream_.Close();
}

PlayerStats PlayerCore::stats() const {
  PlayerStats stats = stats_;
  stats.connected = connected();
  stats.going_away = stream_.going_away();
  stats.draining = !draining_.empty();
  stats.granted = granted_;
  if (state_ != State::kIdle) stats.stalled = stall_.total();
  stats.clock_ppm = clock_.ppm();
  stats.round_trip = stream_.round_trip();
  return stats;
}

PlayerTotals PlayerCore::totals() const {
  PlayerTotals totals = over_;
  totals.epochs = static_cast<int64_t>(last_epoch_);
  for (const PlayerStats& epoch : draining_) totals.Add(epoch);
  if (state_ != State::kIdle) totals.Add(stats());
  return totals;
}

// Does nothing if the stream knows the epoch already.
void PlayerCore::BeginEpoch(MonotonicTime now) {
  if (begun_ || encoder_ == nullptr) return;
  if (state_ != State::kRunning && state_ != State::kStopped) return;
  if (draining_.size() >= kMaxDraining) return;
  v1::Begin begin;
  begin.set_epoch(stats_.epoch);
  begin.mutable_format()->set_rate_hz(format_.rate_hz);
  begin.mutable_format()->set_channels(format_.channels);
  for (v1::ChannelPosition position : PacketPositions(
           options_.codec.codec, format_.channels, format_.positions)) {
    begin.mutable_format()->add_positions(position);
  }
  begin.set_codec(ToProto(options_.codec.codec));
  begin.set_pre_skip_frames(encoder_->pre_skip_frames());
  begin.set_guest_buffer_frames(format_.buffer_frames);
  begin.set_guest_period_frames(format_.period_frames);
  begin.set_low_latency(options_.low_latency);
  begin.set_guest_rate_hz(format_.source_rate_hz);
  begun_ = true;
  stream_.Begin(begin);
  if (state_ == State::kStopped) stream_.SetPaused(true, now);
  granted_ = Granted();
  TryResume(now);
}

void PlayerCore::TryResume(MonotonicTime now) {
  if (!begun_ || sending_) return;
  if (granted_ - stats_.sent < Frames(kResumeMs)) return;
  stall_.End(now);
  if (stats_.free_run) {
    // What is in the log goes first, and then the skip that is due now.
    if (!stream_.caught_up()) return;
    // The source is asked at its buffers' ends only. What the clock has passed
    // meanwhile must not be sent in a burst: it would stay as latency.
    HoldAtQueue(now);
    resume_at_ = clock_.Position(now);
    if (stats_.produced < *resume_at_) return;
  }
  StartSending();
}

void PlayerCore::StartSending() {
  resume_at_.reset();
  if (stats_.free_run) {
    spdlog::info("the service is back stream={} epoch={} discarded_ms={:.0f}",
                 options_.stream, stats_.epoch,
                 Milliseconds(stats_.produced - stats_.sent, stats_.rate_hz));
  }
  DeclareSkip();
  encoder_->StartAt(stats_.produced);
  resumed_at_ = stats_.produced;
  sending_ = true;
  stats_.free_run = false;
}

void PlayerCore::StopSending(v1::Skip::Reason reason) {
  if (!sending_) return;
  // Not where the last packet would have ended, had it been full.
  const int64_t end = encoder_->input_position();
  encoder_->Finish(*this);
  stats_.sent = end;
  sending_ = false;
  skip_reason_ = reason;
}

// Skipped frames use no credit, so the grant moves with them.
void PlayerCore::DeclareSkip() {
  const int64_t count = stats_.produced - stats_.sent;
  if (count <= 0) return;
  stream_.AddSkip(stats_.sent, count, skip_reason_);
  stats_.sent = stats_.produced;
  granted_ = Granted();
}

void PlayerCore::OnPacket(const PacketEncoder::Packet& packet) {
  stats_.sent = packet.first_frame + packet.frame_count;
  ++stats_.packets;
  stats_.payload_bytes += static_cast<int64_t>(packet.payload.size());
  stream_.AddPacket(packet, write_time_);
}

void PlayerCore::OnSilence(int64_t first_frame) {
  stream_.AddSilence(first_frame);
}

nanoseconds PlayerCore::StallBudget() const {
  // It is known that there is nothing to wait for.
  if (!stream_.is_open() && stream_.failures() > 0 && !played_.moving() &&
      stats_.sent == 0) {
    return nanoseconds(0);
  }
  return stall_.budget();
}

void PlayerCore::EnterFreeRun(MonotonicTime now) {
  spdlog::warn(
      "the sound is discarded until the service is back stream={} epoch={} "
      "position={} reason=\"{}\"",
      options_.stream, stats_.epoch, stats_.produced,
      stream_.is_open()         ? "no grant"
      : stream_.failures() == 0 ? "not connected yet"
                                : last_error_.ToString());
  last_delay_ = DelayFrames(now);
  stall_.End(now);
  HoldSteering(now);
  StopSending(v1::Skip::REASON_OUTAGE);
  stats_.free_run = true;
  ++stats_.free_runs;
}

}  // namespace earshot
