#include "device/remote_output.h"

#include <utility>

#include "absl/status/status.h"
#include "client/channel_layout.h"
#include "device/sample_conversion.h"
#include "device/sound/pcm_params.h"
#include "spdlog/spdlog.h"

namespace earshot {
namespace {

v1::ChannelPosition ToClient(SndChannelPosition position) {
  switch (position) {
    case kSndMono:
      return v1::CHANNEL_POSITION_MONO;
    case kSndFrontLeft:
      return v1::CHANNEL_POSITION_FRONT_LEFT;
    case kSndFrontRight:
      return v1::CHANNEL_POSITION_FRONT_RIGHT;
    case kSndRearLeft:
      return v1::CHANNEL_POSITION_REAR_LEFT;
    case kSndRearRight:
      return v1::CHANNEL_POSITION_REAR_RIGHT;
    case kSndFrontCenter:
      return v1::CHANNEL_POSITION_FRONT_CENTER;
    case kSndLowFrequency:
      return v1::CHANNEL_POSITION_LOW_FREQUENCY;
    case kSndSideLeft:
      return v1::CHANNEL_POSITION_SIDE_LEFT;
    case kSndSideRight:
      return v1::CHANNEL_POSITION_SIDE_RIGHT;
    case kSndRearCenter:
      return v1::CHANNEL_POSITION_REAR_CENTER;
  }
  return v1::CHANNEL_POSITION_UNSPECIFIED;
}

// As the guest was told in its channel maps.
ChannelPositions PositionsOf(int channels) {
  ChannelPositions positions;
  for (SndChannelPosition position : UsualPositions(channels)) {
    positions.push_back(ToClient(position));
  }
  return positions;
}

}  // namespace

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
                        .period_frames = params.period_frames,
                        .positions = PositionsOf(params.channels)},
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

bool RemoteOutput::IsConnected() const { return player_->connected(); }

void RemoteOutput::SetVolume(const StreamVolume& volume, MonotonicTime) {
  player_->SetVolume({volume.gain_db, volume.mute});
}

StreamVolume RemoteOutput::volume() const {
  const PlayerVolume volume = player_->volume();
  return {volume.gain_db, volume.mute};
}

void RemoteOutput::Release(MonotonicTime now) { player_->Release(now); }

}  // namespace earshot
