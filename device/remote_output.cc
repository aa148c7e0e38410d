#include "device/remote_output.h"

#include <utility>

#include "absl/status/status.h"
#include "device/sample_conversion.h"
#include "spdlog/spdlog.h"

namespace earshot {

RemoteOutput::RemoteOutput(std::unique_ptr<RemotePlayer> player,
                           bool drop_on_release)
    : player_(std::move(player)), drop_on_release_(drop_on_release) {}

void RemoteOutput::Prepare(const PcmParams& params, MonotonicTime now) {
  params_ = params;
  running_ = false;
  const absl::Status prepared =
      player_->Prepare({.rate_hz = params.rate_hz,
                        .channels = params.channels,
                        .buffer_frames = params.buffer_frames,
                        .period_frames = params.period_frames},
                       now);
  if (!prepared.ok()) {
    spdlog::error("the codec does not take the guest's format error=\"{}\"",
                  prepared.ToString());
  }
}

void RemoteOutput::Start(MonotonicTime now) {
  running_ = true;
  player_->Start(now);
}

void RemoteOutput::Stop(MonotonicTime now) {
  running_ = false;
  player_->Stop(now);
}

int64_t RemoteOutput::DuePosition(int64_t queued_end, MonotonicTime now) {
  return player_->DuePosition(queued_end, now);
}

MonotonicTime RemoteOutput::NextDue(int64_t head_end, MonotonicTime now) const {
  return player_->NextDue(head_end, now);
}

void RemoteOutput::Write(absl::Span<const uint8_t> frames, MonotonicTime now) {
  const size_t count = frames.size() / FrameBytes(params_);
  if (drop_on_release_ && !running_) {
    player_->Discard(static_cast<int64_t>(count), now);
    return;
  }
  samples_.resize(count * params_.channels);
  ConvertToFloat(params_.format, frames, absl::MakeSpan(samples_));
  player_->Write(samples_, now);
}

int64_t RemoteOutput::DelayFrames(MonotonicTime now) const {
  return player_->DelayFrames(now);
}

bool RemoteOutput::IsConnected() const { return player_->stats().connected; }

void RemoteOutput::SetVolume(const StreamVolume& volume, MonotonicTime) {
  player_->SetVolume({volume.gain_db, volume.mute});
}

StreamVolume RemoteOutput::volume() const {
  const PlayerVolume volume = player_->volume();
  return {volume.gain_db, volume.mute};
}

void RemoteOutput::Release(MonotonicTime now) { player_->Release(now); }

}  // namespace earshot
