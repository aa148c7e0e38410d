// PlaybackStream: what it says, and when.
#include <algorithm>
#include <chrono>
#include <utility>

#include "client/playback_stream.h"

namespace earshot {

using std::chrono::nanoseconds;

void PlaybackStream::Begin(const v1::Begin& begin) {
  log_.Begin(begin);
  // A call that was just lost will be there again before it is missed.
  held_grant_ =
      failures_ <= 1 ? begin.format().rate_hz() * initial_window_ms_ / 1000 : 0;
  paused_at_.reset();
  if (Wanted()) redialer_.Hurry();
  Pump();
}

void PlaybackStream::AddPacket(const PacketEncoder::Packet& packet,
                               MonotonicTime captured) {
  log_.AddPacket(packet, captured);
  Pump();
}

void PlaybackStream::AddSilence(int64_t first_frame) {
  log_.AddSilence(first_frame);
  Pump();
}

void PlaybackStream::AddSkip(int64_t first_frame, int64_t frame_count,
                             v1::Skip::Reason reason) {
  log_.AddSkip(first_frame, frame_count, reason);
  Pump();
}

void PlaybackStream::SetPaused(bool paused, MonotonicTime now) {
  paused_at_.reset();
  if (paused) paused_at_ = now;
  if (Wanted()) redialer_.Hurry();
  Pump();
}

void PlaybackStream::End(int64_t end_frame) {
  log_.End(end_frame);
  Pump();
}

int64_t PlaybackStream::granted() const {
  const bool known = open_ && log_.said_epoch() != 0 &&
                     log_.said_epoch() == log_.newest_epoch();
  return known ? credit_.granted_frame() : held_grant_;
}

bool PlaybackStream::Plays() const {
  return log_.in_epoch() && log_.said_epoch() == log_.newest_epoch() &&
         !paused_at_;
}

void PlaybackStream::Pump() {
  if (!open_) return;
  while (const auto message = log_.Next()) {
    if (message->needed_grant > credit_.granted_frame()) break;
    SayNext(*message);
  }
  SyncPause();
  call_->SetPlaying(Plays());
  TryMove();
}

void PlaybackStream::SayNext(const SendLog::Message& message) {
  auto request = call_->NewRequest();
  log_.Say(*request);
  if (message.kind == SendLog::Kind::kBegin) {
    credit_.Begin(message.end, message.rate_hz * initial_window_ms_ / 1000);
    credit_epoch_ = message.epoch;
    said_paused_ = false;
    if (request->begin().pre_roll_frames() > 0) {
      pre_rolled_ = {message.epoch, message.end};
    }
  }
  credit_.Skip(message.skipped);
  call_->Send(std::move(request), message.end);
  if (message.ends_silence) {
    confirming_ping_ = Ping(*call_);
  } else if (message.kind == SendLog::Kind::kBegin && !call_->round_trip()) {
    Ping(*call_);
  }
}

void PlaybackStream::SetVolume(const PlayerVolume& volume) {
  volume_.Set(volume);
  SyncVolume();
}

void PlaybackStream::SyncVolume() {
  if (!open_ || !volume_.due()) return;
  if (volume_.TakeUnsaid()) {
    auto request = call_->NewRequest();
    v1::Volume& volume = *request->mutable_set_volume()->mutable_volume();
    volume.set_gain_db(volume_.volume().gain_db);
    volume.set_mute(volume_.volume().mute);
    call_->Send(std::move(request));
  }
  volume_.OnAsked(Ping(*call_));
}

// Pause freezes the server's clock at once, so it waits for nothing.
void PlaybackStream::SyncPause() {
  const bool paused = paused_at_.has_value();
  if (!log_.in_epoch() || log_.said_epoch() != log_.newest_epoch() ||
      said_paused_ == paused) {
    return;
  }
  auto request = call_->NewRequest();
  if (paused) {
    request->mutable_pause();
  } else {
    request->mutable_resume();
  }
  call_->Send(std::move(request));
  said_paused_ = paused;
}

void PlaybackStream::OnPingDue(StreamCall& call) { Ping(call); }

uint64_t PlaybackStream::Ping(StreamCall& call) {
  return call.Ping(clock_ppm_, source_delay_ + UnsaidDelay());
}

// What waits for a grant.
nanoseconds PlaybackStream::UnsaidDelay() const {
  if (log_.all_said() || log_.said_epoch() != log_.newest_epoch() ||
      log_.rate_hz() <= 0) {
    return nanoseconds(0);
  }
  const int64_t frames =
      std::max<int64_t>(log_.end() - log_.said_position(), 0);
  return std::chrono::microseconds(frames * 1000000 / log_.rate_hz());
}

}  // namespace earshot
