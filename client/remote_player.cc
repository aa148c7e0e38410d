#include "client/remote_player.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

#include "client/channel.h"
#include "client/credit_window.h"
#include "client/encoder_factory.h"
#include "client/pacing_clock.h"
#include "client/playback_stream.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A source that comes late by less is caught up with (a guest's timer, a busy
// host); beyond that its sound is late for good.
constexpr int kCatchUpMs = 20;
// Free-run ends when so much may be sent: less would only end it for a moment.
constexpr int kResumeMs = 20;
// ALSA in the guest gives up after max(100 ms, 1.1 rings) without a period.
constexpr milliseconds kMaxStall{80};
// Ended epochs that the server may have still to play; those of a source that
// starts and ends them faster than they are played wait, in free-run.
constexpr size_t kMaxDraining = 64;
// A card has a FIFO, which it fills at once when it starts: so the sound leaves
// ahead of the clock by a usual packet, which then need not be waited for, or
// by an eighth of the source's ring. Where a guest measures how long its sound
// takes, or gives up what is late, our own delays are covered by it.
constexpr milliseconds kFifo{10};
constexpr int kRingsPerFifo = 8;
// Progress comes every 50 ms while an epoch plays: the played position is
// carried forward by the clock for no longer than a few of them.
constexpr milliseconds kMaxExtrapolation{200};

v1::Codec ToProto(AudioCodec codec) {
  return codec == AudioCodec::kOpus ? v1::CODEC_OPUS : v1::CODEC_PCM_S16LE;
}

double Milliseconds(int64_t frames, int rate_hz) {
  return rate_hz > 0 ? 1e3 * static_cast<double>(frames) / rate_hz : 0;
}

}  // namespace

class RemotePlayer::Impl : private PlaybackStream::Listener,
                           private PacketEncoder::Output {
 public:
  Impl(Options options, std::shared_ptr<grpc::Channel> channel,
       const boost::asio::any_io_executor& executor)
      : options_(std::move(options)),
        stream_(std::move(channel), executor, StreamOptions(options_), *this) {
    stream_.Open();
  }

  void set_on_due(std::function<void()> on_due) { on_due_ = std::move(on_due); }
  absl::Status Prepare(const PlayerFormat& format, MonotonicTime now);
  void Start(MonotonicTime now);
  void Stop(MonotonicTime now);
  int64_t DuePosition(int64_t queued_end, MonotonicTime now);
  MonotonicTime NextDue(int64_t head_end, MonotonicTime now) const;
  void Write(absl::Span<const float> pcm, MonotonicTime now);
  int64_t DelayFrames(MonotonicTime now) const;
  void Release(MonotonicTime now);
  PlayerStats stats() const;
  const absl::Status& last_error() const { return last_error_; }

 private:
  // Of the epoch, from Prepare to Release.
  enum class State {
    kIdle,      // -> kPrepared: Prepare
    kPrepared,  // -> kRunning: Start; -> kIdle: Release
    kRunning,   // -> kStopped: Stop; -> kIdle: Release
    kStopped,   // -> kRunning: Start; -> kIdle: Release
  };

  static PlaybackStream::Options StreamOptions(const Options& options);

  // PlaybackStream::Listener
  PlaybackStream::Underway OnConnecting() override;
  void OnOpen(const v1::Opened& opened) override;
  void OnLost(const absl::Status& reason) override;
  void OnProgress(const v1::Progress& progress) override;
  void OnDrained(const v1::Drained& drained) override;
  // PacketEncoder::Output
  void OnPacket(const PacketEncoder::Packet& packet) override;
  void OnSilence(int64_t first_frame) override;

  void BeginIfOpen(MonotonicTime now);
  void BeginOnCall();
  void TryResume(MonotonicTime now);
  void StartSending();
  void StopSending(v1::Skip::Reason reason);
  void DeclareSkip();
  void EnterFreeRun(MonotonicTime now);
  void EndStall(MonotonicTime now);
  nanoseconds StallBudget() const;
  int64_t Limit() const;
  int64_t Frames(int ms) const { return int64_t{stats_.rate_hz} * ms / 1000; }
  int64_t SoundDelay(MonotonicTime now) const;
  void LogEpoch(const PlayerStats& stats, const char* how) const;
  void CallOnDue() {
    if (on_due_) on_due_();
  }

  const Options options_;
  std::function<void()> on_due_;
  absl::Status last_error_;

  State state_ = State::kIdle;
  PlayerFormat format_;
  PlayerStats stats_;  // of the epoch
  uint64_t last_epoch_ = 0;
  // Ended epochs that the server still plays, oldest first.
  std::deque<PlayerStats> draining_;

  PacingClock clock_;
  CreditWindow credit_;
  std::unique_ptr<PacketEncoder> encoder_;  // null: no codec for the format
  PlayerFormat encoder_format_;

  int64_t initial_window_ms_ = 0;  // of the call
  bool begun_ = false;             // the call knows the epoch
  bool sending_ = false;           // what is written is coded and sent
  v1::Skip::Reason skip_reason_ = v1::Skip::REASON_OUTAGE;
  // Sending goes on there, once the source has come so far.
  std::optional<int64_t> resume_at_;
  int64_t queued_end_ = 0;  // as last told
  std::optional<MonotonicTime> stalled_since_;
  MonotonicTime write_time_;     // of the sound that is being coded
  MonotonicTime progress_time_;  // when stats_.played was true
  bool playing_ = false;         // the server's clock moves
  int64_t last_delay_ = 0;       // while nothing is sent
  int64_t resumed_at_ = 0;       // where the codec started last

  PlaybackStream stream_;  // last: it calls the others
};

PlaybackStream::Options RemotePlayer::Impl::StreamOptions(
    const Options& options) {
  PlaybackStream::Options result;
  result.stream = options.stream;
  result.client = options.client;
  result.labels = options.labels;
  result.codec = ToProto(options.codec.codec);
  return result;
}

absl::Status RemotePlayer::Impl::Prepare(const PlayerFormat& format,
                                         MonotonicTime now) {
  Release(now);
  state_ = State::kPrepared;
  format_ = format;
  stats_ = PlayerStats();
  stats_.epoch = ++last_epoch_;
  stats_.rate_hz = format.rate_hz;
  clock_.Reset(format.rate_hz,
               std::min<int64_t>(Frames(kFifo.count()),
                                 format.buffer_frames / kRingsPerFifo));
  credit_.Revoke(0);
  begun_ = sending_ = playing_ = false;
  skip_reason_ = v1::Skip::REASON_OUTAGE;
  queued_end_ = last_delay_ = resumed_at_ = 0;
  stalled_since_.reset();
  resume_at_.reset();
  if (encoder_ != nullptr && encoder_format_.rate_hz == format.rate_hz &&
      encoder_format_.channels == format.channels) {
    return absl::OkStatus();
  }
  encoder_.reset();
  auto encoder =
      CreatePacketEncoder(options_.codec, format.rate_hz, format.channels);
  if (!encoder.ok()) return encoder.status();
  encoder_ = *std::move(encoder);
  encoder_format_ = format;
  return absl::OkStatus();
}

void RemotePlayer::Impl::Start(MonotonicTime now) {
  if (state_ != State::kPrepared && state_ != State::kStopped) return;
  const bool again = state_ == State::kStopped;
  state_ = State::kRunning;
  clock_.Start(now);
  if (begun_ && again) {
    stream_.Resume();
  } else {
    BeginIfOpen(now);
  }
}

void RemotePlayer::Impl::Stop(MonotonicTime now) {
  if (state_ != State::kRunning) return;
  state_ = State::kStopped;
  // The clock stops where the source's queue ended, or may have gone to.
  clock_.HoldAt(queued_end_ + Frames(kCatchUpMs), now);
  if (!stats_.free_run) clock_.HoldAt(Limit(), now);
  clock_.Stop(now);
  EndStall(now);
  if (begun_) stream_.Pause();
}

int64_t RemotePlayer::Impl::Limit() const {
  return std::max(credit_.granted_frame(), stats_.produced);
}

int64_t RemotePlayer::Impl::DuePosition(int64_t queued_end, MonotonicTime now) {
  if (state_ != State::kRunning) return stats_.produced;
  clock_.HoldAt(queued_end_ + Frames(kCatchUpMs), now);
  queued_end_ = std::max(queued_end, stats_.produced);
  if (!stats_.free_run) {
    const int64_t limit = Limit();
    if (queued_end_ > limit && clock_.Position(now) >= limit) {
      if (!stalled_since_) stalled_since_ = std::min(clock_.TimeOf(limit), now);
      if (now - *stalled_since_ >= StallBudget()) EnterFreeRun(now);
    }
    clock_.HoldAt(limit, now);
  }
  const int64_t due = std::min(clock_.Position(now), queued_end_);
  return std::max(due, stats_.produced);
}

MonotonicTime RemotePlayer::Impl::NextDue(int64_t head_end,
                                          MonotonicTime now) const {
  if (state_ != State::kRunning) return MonotonicTime::max();
  int64_t target = head_end;
  if (sending_ && encoder_->next_packet_input() > stats_.produced) {
    target = std::min(target, encoder_->next_packet_input());
  }
  const int64_t limit = Limit();
  if (!stats_.free_run && target > limit) {
    const MonotonicTime since =
        stalled_since_ ? *stalled_since_ : std::max(clock_.TimeOf(limit), now);
    return since + StallBudget();
  }
  return clock_.TimeOf(target);
}

void RemotePlayer::Impl::Write(absl::Span<const float> pcm, MonotonicTime now) {
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
    sent = std::clamp<int64_t>(credit_.granted_frame() - stats_.produced, 0,
                               frames);
    write_time_ = now;
    stats_.produced += sent;
    encoder_->Encode(pcm.subspan(0, sent * channels), *this);
    if (sent < frames) {
      last_delay_ = SoundDelay(now);
      StopSending(v1::Skip::REASON_RELEASE);
    }
  }
  stats_.produced += frames - sent;
  stats_.skipped += frames - sent;
}

int64_t RemotePlayer::Impl::DelayFrames(MonotonicTime now) const {
  return sending_ ? SoundDelay(now) : last_delay_;
}

int64_t RemotePlayer::Impl::SoundDelay(MonotonicTime now) const {
  int64_t played = stats_.played;
  // What was skipped is no delay, though the server has not passed it yet.
  if (played < resumed_at_) {
    return std::max(last_delay_, stats_.produced - resumed_at_);
  }
  if (playing_ && state_ == State::kRunning) {
    const nanoseconds since = std::clamp<nanoseconds>(
        now - progress_time_, nanoseconds(0), kMaxExtrapolation);
    played += since.count() / 1000 * stats_.rate_hz / 1000000;
  }
  return std::max<int64_t>(stats_.produced - played, 0);
}

void RemotePlayer::Impl::Release(MonotonicTime now) {
  if (state_ == State::kIdle) return;
  const bool started = state_ != State::kPrepared;
  state_ = State::kIdle;
  EndStall(now);
  clock_.Stop(now);
  if (begun_) {
    StopSending(v1::Skip::REASON_RELEASE);
    DeclareSkip();
    stream_.End(stats_.produced);
    draining_.push_back(stats_);
  } else if (started) {
    LogEpoch(stats_, "without the service");
  }
  begun_ = false;
  resume_at_.reset();
  stats_.free_run = false;
}

PlayerStats RemotePlayer::Impl::stats() const {
  PlayerStats stats = stats_;
  stats.connected = stream_.is_open();
  stats.going_away = stream_.going_away();
  stats.draining = !draining_.empty();
  stats.granted = credit_.granted_frame();
  return stats;
}

// --- What the service says.

PlaybackStream::Underway RemotePlayer::Impl::OnConnecting() {
  if (state_ == State::kIdle) return {};
  return {stats_.epoch, stats_.sent};
}

void RemotePlayer::Impl::OnOpen(const v1::Opened& opened) {
  initial_window_ms_ = opened.limits().initial_window_ms();
  BeginIfOpen(options_.clock());
  CallOnDue();
}

void RemotePlayer::Impl::OnLost(const absl::Status& reason) {
  last_error_ = reason;
  for (const PlayerStats& stats : draining_) {
    LogEpoch(stats, "and the server was lost before it was played");
  }
  draining_.clear();
  if (begun_) {
    const MonotonicTime now = options_.clock();
    last_delay_ = DelayFrames(now);
    // Of what was said last: silence has gone on since, and what the encoder
    // still holds is gone.
    if (sending_) {
      if (encoder_->silent()) stats_.sent = encoder_->input_position();
      stats_.skipped += stats_.produced - stats_.sent;
    }
    stats_.lost += std::max<int64_t>(stats_.sent - stats_.received, 0);
    stats_.received = stats_.sent;
    clock_.HoldAt(queued_end_ + Frames(kCatchUpMs), now);
    if (!stats_.free_run) clock_.HoldAt(Limit(), now);
    begun_ = sending_ = playing_ = false;
    resume_at_.reset();
    skip_reason_ = v1::Skip::REASON_OUTAGE;
  }
  credit_.Revoke(stats_.produced);
  CallOnDue();
}

void RemotePlayer::Impl::OnProgress(const v1::Progress& progress) {
  for (PlayerStats& stats : draining_) {
    if (stats.epoch != progress.epoch()) continue;
    stats.received = progress.received_frame();
    stats.played = progress.played_frame();
  }
  if (stats_.epoch != progress.epoch() || progress.epoch() == 0) return;
  const MonotonicTime now = options_.clock();
  playing_ = progress.played_frame() > stats_.played;
  stats_.received = progress.received_frame();
  stats_.played = progress.played_frame();
  stats_.target_margin_us = progress.target_margin_us();
  stats_.margin_error_us.reset();
  if (progress.has_margin_error_us()) {
    stats_.margin_error_us = progress.margin_error_us();
  }
  progress_time_ = now;
  if (!begun_) return;  // released: it drains
  if (state_ == State::kRunning && !stats_.free_run) {
    // The wait for this grant has held the clock until now.
    clock_.HoldAt(queued_end_ + Frames(kCatchUpMs), now);
    clock_.HoldAt(Limit(), now);
  }
  if (!credit_.Grant(progress.granted_frame())) return;
  EndStall(now);
  TryResume(now);
  CallOnDue();
}

void RemotePlayer::Impl::OnDrained(const v1::Drained& drained) {
  while (!draining_.empty() && draining_.front().epoch <= drained.epoch()) {
    PlayerStats& stats = draining_.front();
    if (stats.epoch == drained.epoch()) stats.played = drained.played_frame();
    LogEpoch(stats, "played to its end");
    if (stats.epoch == stats_.epoch) {
      stats_.played = stats_.received = stats.played;
      stats_.drained = true;
    }
    draining_.pop_front();
  }
  // It may have waited for its turn.
  BeginIfOpen(options_.clock());
  CallOnDue();
}

// --- What is said to the service.

// Does nothing if the call knows the epoch already.
void RemotePlayer::Impl::BeginIfOpen(MonotonicTime now) {
  if (begun_ || !stream_.is_open() || encoder_ == nullptr) return;
  if (state_ != State::kRunning && state_ != State::kStopped) return;
  if (draining_.size() >= kMaxDraining) return;
  BeginOnCall();
  TryResume(now);
}

void RemotePlayer::Impl::BeginOnCall() {
  v1::Begin begin;
  begin.set_epoch(stats_.epoch);
  begin.mutable_format()->set_rate_hz(format_.rate_hz);
  begin.mutable_format()->set_channels(format_.channels);
  begin.set_codec(ToProto(options_.codec.codec));
  begin.set_pre_skip_frames(encoder_->pre_skip_frames());
  begin.set_guest_buffer_frames(format_.buffer_frames);
  begin.set_guest_period_frames(format_.period_frames);
  // Nothing was sent since Open named this epoch and position, and the
  // position is 0 if Open named another.
  stream_.Begin(begin, stats_.sent);
  credit_.Begin(stats_.sent, Frames(static_cast<int>(initial_window_ms_)));
  begun_ = true;
  if (state_ == State::kStopped) stream_.Pause();
}

void RemotePlayer::Impl::TryResume(MonotonicTime now) {
  if (!begun_ || sending_) return;
  if (credit_.granted_frame() - stats_.sent < Frames(kResumeMs)) return;
  EndStall(now);
  if (stats_.free_run) {
    // The source is asked at its buffers' ends only. What the clock has passed
    // meanwhile must not be sent in a burst: it would stay as latency.
    clock_.HoldAt(queued_end_ + Frames(kCatchUpMs), now);
    resume_at_ = clock_.Position(now);
    if (stats_.produced < *resume_at_) return;
  }
  StartSending();
}

void RemotePlayer::Impl::StartSending() {
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

void RemotePlayer::Impl::StopSending(v1::Skip::Reason reason) {
  if (!sending_) return;
  encoder_->Finish(*this);
  stats_.sent = encoder_->input_position();
  sending_ = false;
  skip_reason_ = reason;
}

void RemotePlayer::Impl::DeclareSkip() {
  const int64_t count = stats_.produced - stats_.sent;
  if (count <= 0) return;
  stream_.SendSkip(stats_.sent, count, skip_reason_);
  credit_.Skip(count);
  stats_.sent = stats_.produced;
}

void RemotePlayer::Impl::OnPacket(const PacketEncoder::Packet& packet) {
  stream_.SendPacket(packet, write_time_);
  stats_.sent = packet.first_frame + packet.frame_count;
  ++stats_.packets;
  stats_.payload_bytes += static_cast<int64_t>(packet.payload.size());
}

void RemotePlayer::Impl::OnSilence(int64_t first_frame) {
  stream_.SendSilence(first_frame);
}

// --- Free-run.

nanoseconds RemotePlayer::Impl::StallBudget() const {
  // It is known that there is nothing to wait for.
  if (!stream_.is_open() && stream_.failures() > 0 && !playing_ &&
      stats_.sent == 0) {
    return nanoseconds(0);
  }
  if (format_.buffer_frames <= 0) return kMaxStall;
  const nanoseconds ring(int64_t{format_.buffer_frames} * 1000000000 /
                         stats_.rate_hz);
  return std::min<nanoseconds>(kMaxStall, ring / 2);
}

void RemotePlayer::Impl::EnterFreeRun(MonotonicTime now) {
  spdlog::warn(
      "the sound is discarded until the service is back stream={} epoch={} "
      "position={} reason=\"{}\"",
      options_.stream, stats_.epoch, stats_.produced,
      stream_.is_open()         ? "no grant"
      : stream_.failures() == 0 ? "not connected yet"
                                : last_error_.ToString());
  last_delay_ = DelayFrames(now);
  EndStall(now);
  StopSending(v1::Skip::REASON_OUTAGE);
  stats_.free_run = true;
  ++stats_.free_runs;
}

void RemotePlayer::Impl::EndStall(MonotonicTime now) {
  if (!stalled_since_) return;
  stats_.stalled +=
      std::max<nanoseconds>(now - *stalled_since_, nanoseconds(0));
  stalled_since_.reset();
}

void RemotePlayer::Impl::LogEpoch(const PlayerStats& stats,
                                  const char* how) const {
  spdlog::info(
      "epoch over, {} stream={} epoch={} produced={} played={} skipped={} "
      "lost={} packets={} bytes={} free_runs={} stalled_ms={}",
      how, options_.stream, stats.epoch, stats.produced,
      // The positions that were passed without being played.
      std::max<int64_t>(stats.played - stats.skipped - stats.lost, 0),
      stats.skipped, stats.lost, stats.packets, stats.payload_bytes,
      stats.free_runs, stats.stalled.count() / 1000000);
}

// --- The border.

absl::StatusOr<std::unique_ptr<RemotePlayer>> RemotePlayer::Create(
    Options options, const boost::asio::any_io_executor& executor) {
  auto channel = CreateChannel(options.server);
  if (!channel.ok()) return channel.status();
  // The codec's own options; the format comes with each epoch.
  if (auto encoder = CreatePacketEncoder(options.codec, 48000, 2);
      !encoder.ok()) {
    return encoder.status();
  }
  return std::unique_ptr<RemotePlayer>(new RemotePlayer(std::make_unique<Impl>(
      std::move(options), *std::move(channel), executor)));
}

RemotePlayer::RemotePlayer(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
RemotePlayer::~RemotePlayer() = default;

void RemotePlayer::set_on_due(std::function<void()> on_due) {
  impl_->set_on_due(std::move(on_due));
}
absl::Status RemotePlayer::Prepare(const PlayerFormat& format,
                                   MonotonicTime now) {
  return impl_->Prepare(format, now);
}
void RemotePlayer::Start(MonotonicTime now) { impl_->Start(now); }
void RemotePlayer::Stop(MonotonicTime now) { impl_->Stop(now); }
int64_t RemotePlayer::DuePosition(int64_t queued_end, MonotonicTime now) {
  return impl_->DuePosition(queued_end, now);
}
MonotonicTime RemotePlayer::NextDue(int64_t head_end, MonotonicTime now) const {
  return impl_->NextDue(head_end, now);
}
void RemotePlayer::Write(absl::Span<const float> pcm, MonotonicTime now) {
  impl_->Write(pcm, now);
}
int64_t RemotePlayer::DelayFrames(MonotonicTime now) const {
  return impl_->DelayFrames(now);
}
void RemotePlayer::Release(MonotonicTime now) { impl_->Release(now); }
PlayerStats RemotePlayer::stats() const { return impl_->stats(); }
const absl::Status& RemotePlayer::last_error() const {
  return impl_->last_error();
}

}  // namespace earshot
