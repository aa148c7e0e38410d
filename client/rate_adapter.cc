#include "client/rate_adapter.h"

#include <algorithm>
#include <utility>

#include "client/encoder_factory.h"

namespace earshot {
namespace {

// Resampled at a time: what waits in between stays small.
constexpr size_t kPieceFrames = 256;

}  // namespace

RateAdapter::RateAdapter(PlayerCore* core, AudioCodec codec)
    : core_(*core), codec_(codec) {}

absl::Status RateAdapter::Prepare(const PlayerFormat& format,
                                  MonotonicTime now) {
  Release(now);
  const int stream_rate_hz = PacketRate(codec_, format.rate_hz);
  converts_ = stream_rate_hz != format.rate_hz;
  prepared_ = true;
  produced_ = handed_ = due_ = 0;
  if (!converts_) return core_.Prepare(format, now);
  const absl::Status status = PrepareConverter(format, stream_rate_hz);
  if (!status.ok()) {
    // The core refuses the rate, too, and runs free.
    converts_ = false;
    core_.Prepare(format, now).IgnoreError();
    return status;
  }
  PlayerFormat stream_format = format;
  stream_format.rate_hz = stream_rate_hz;
  stream_format.source_rate_hz = format.rate_hz;
  stream_format.held_frames = lag_frames_;
  stream_format.buffer_frames =
      static_cast<int>(scale_.ToStream(format.buffer_frames));
  stream_format.period_frames =
      static_cast<int>(scale_.ToStream(format.period_frames));
  return core_.Prepare(stream_format, now);
}

absl::Status RateAdapter::PrepareConverter(const PlayerFormat& format,
                                           int stream_rate_hz) {
  if (converter_ == nullptr || converter_in_hz_ != format.rate_hz ||
      converter_out_hz_ != stream_rate_hz ||
      converter_channels_ != format.channels) {
    auto converter =
        RateConverter::Create(format.rate_hz, stream_rate_hz, format.channels);
    if (!converter.ok()) return converter.status();
    converter_ = *std::move(converter);
    converter_in_hz_ = format.rate_hz;
    converter_out_hz_ = stream_rate_hz;
    converter_channels_ = format.channels;
  }
  converter_->Restart();
  finished_ = false;
  scale_ = FrameScale(format.rate_hz, stream_rate_hz);
  source_rate_hz_ = format.rate_hz;
  channels_ = format.channels;
  lag_frames_ = converter_->lag_frames();
  // A frame of the source may be as long as several of the stream: what is due
  // there must be there when the clock has come to it.
  lead_frames_ = lag_frames_ + static_cast<int>(scale_.ToStream(1));
  return absl::OkStatus();
}

void RateAdapter::Start(MonotonicTime now) {
  running_ = prepared_;
  core_.Start(now);
}

void RateAdapter::Stop(MonotonicTime now) {
  running_ = false;
  core_.Stop(now);
}

int64_t RateAdapter::Converted(int64_t position) const {
  return std::max<int64_t>(scale_.ToStream(position) - lag_frames_, 0);
}

int64_t RateAdapter::DuePosition(int64_t queued_end, MonotonicTime now) {
  if (!converts_) return core_.DuePosition(queued_end, now);
  if (!running_) return produced_;
  queued_end = std::max(queued_end, produced_);
  due_ = core_.DuePosition(Converted(queued_end), now);
  // What was held back a moment ago may complete a packet.
  HandOver(SendablePosition(), now);
  return std::clamp(scale_.ToSource(due_ + lead_frames_), produced_,
                    queued_end);
}

MonotonicTime RateAdapter::NextDue(int64_t head_end, MonotonicTime now) const {
  if (!converts_) return core_.NextDue(head_end, now);
  return core_.NextDue(scale_.ToStream(head_end) - lead_frames_, now);
}

void RateAdapter::Write(absl::Span<const float> pcm, MonotonicTime now) {
  if (!converts_) {
    core_.Write(pcm, now);
    return;
  }
  if (!prepared_) return;
  const auto frames = static_cast<int64_t>(pcm.size()) / channels_;
  int64_t most = frames;
  if (!running_) {
    // A flush: what goes beyond the grant is discarded, much of it perhaps, and
    // is not worth the time.
    most = std::clamp<int64_t>(
        scale_.ToSource(core_.sendable_end()) - produced_, 0, frames);
  }
  Convert(pcm.first(static_cast<size_t>(most * channels_)), now);
  Discard(frames - most, now);
}

void RateAdapter::Convert(absl::Span<const float> pcm, MonotonicTime now) {
  if (finished_ && !pcm.empty()) {
    converter_->Restart();
    finished_ = false;
  }
  while (!pcm.empty()) {
    const auto piece = pcm.subspan(0, kPieceFrames * channels_);
    pcm.remove_prefix(piece.size());
    converter_->Write(piece);
    produced_ += static_cast<int64_t>(piece.size()) / channels_;
    HandOver(SendablePosition(), now);
  }
}

int64_t RateAdapter::SendablePosition() const {
  int64_t position = Converted(produced_);
  // The source's last frame may be longer than what was due.
  if (position - due_ <= lead_frames_ - lag_frames_) {
    position = std::min(position, due_);
  }
  // Never beyond the grant: the core would discard it. It stays here.
  return std::min(position, core_.writable_end());
}

void RateAdapter::HandOver(int64_t position, MonotonicTime now) {
  const int64_t frames =
      std::min(position - handed_, converter_->ready_frames());
  if (frames <= 0) return;
  handed_ += frames;
  core_.Write(converter_->Take(frames), now);
}

// All that was written comes out, to the frame.
void RateAdapter::FinishConverting(MonotonicTime now) {
  const int64_t end = scale_.ToStream(produced_);
  if (finished_ || end <= handed_) return;
  converter_->Finish(end - handed_);
  finished_ = true;
  HandOver(end, now);
}

void RateAdapter::Discard(int64_t frames, MonotonicTime now) {
  if (!converts_) {
    core_.Discard(frames, now);
    return;
  }
  if (!prepared_ || frames <= 0) return;
  FinishConverting(now);
  finished_ = true;
  produced_ += frames;
  const int64_t end = scale_.ToStream(produced_);
  core_.Discard(end - handed_, now);
  handed_ = end;
}

int64_t RateAdapter::DelayFrames(MonotonicTime now) const {
  const int64_t delay = core_.DelayFrames(now);
  if (!converts_) return delay;
  return scale_.ToSource(delay + scale_.ToStream(produced_) - handed_);
}

void RateAdapter::Release(MonotonicTime now) {
  if (converts_ && prepared_) FinishConverting(now);
  prepared_ = running_ = false;
  core_.Release(now);
}

PlayerStats RateAdapter::stats() const {
  PlayerStats stats = core_.stats();
  if (!converts_) return stats;
  stats.rate_hz = source_rate_hz_;
  stats.produced = produced_;
  stats.granted = scale_.ToSource(stats.granted);
  // Where the stream has the lower rate, its last frame is longer than what is
  // left of the source.
  for (int64_t* frames : {&stats.sent, &stats.received, &stats.played,
                          &stats.skipped, &stats.lost}) {
    *frames = std::min(scale_.ToSource(*frames), produced_);
  }
  return stats;
}

}  // namespace earshot
