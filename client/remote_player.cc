#include "client/remote_player.h"

#include <utility>

#include "client/encoder_factory.h"
#include "client/player_core.h"
#include "client/server_targets.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<RemotePlayer>> RemotePlayer::Create(
    Options options, const boost::asio::any_io_executor& executor) {
  auto targets = ServerTargets::Create(options.server);
  if (!targets.ok()) return targets.status();
  // The codec's own options; the format comes with each epoch.
  if (auto encoder = CreatePacketEncoder(options.codec, 48000, 2);
      !encoder.ok()) {
    return encoder.status();
  }
  return std::unique_ptr<RemotePlayer>(
      new RemotePlayer(std::make_unique<PlayerCore>(
          std::move(options), *std::move(targets), executor)));
}

RemotePlayer::RemotePlayer(std::unique_ptr<PlayerCore> core)
    : core_(std::move(core)) {}
RemotePlayer::~RemotePlayer() = default;

void RemotePlayer::set_on_due(std::function<void()> on_due) {
  core_->set_on_due(std::move(on_due));
}
absl::Status RemotePlayer::Prepare(const PlayerFormat& format,
                                   MonotonicTime now) {
  return core_->Prepare(format, now);
}
void RemotePlayer::Start(MonotonicTime now) { core_->Start(now); }
void RemotePlayer::Stop(MonotonicTime now) { core_->Stop(now); }
int64_t RemotePlayer::DuePosition(int64_t queued_end, MonotonicTime now) {
  return core_->DuePosition(queued_end, now);
}
MonotonicTime RemotePlayer::NextDue(int64_t head_end, MonotonicTime now) const {
  return core_->NextDue(head_end, now);
}
void RemotePlayer::Write(absl::Span<const float> pcm, MonotonicTime now) {
  core_->Write(pcm, now);
}
void RemotePlayer::Discard(int64_t frames, MonotonicTime now) {
  core_->Discard(frames, now);
}
int64_t RemotePlayer::DelayFrames(MonotonicTime now) const {
  return core_->DelayFrames(now);
}
void RemotePlayer::Release(MonotonicTime now) { core_->Release(now); }
void RemotePlayer::Close(MonotonicTime now) { core_->Close(now); }
void RemotePlayer::SetVolume(const PlayerVolume& volume) {
  core_->SetVolume(volume);
}
PlayerVolume RemotePlayer::volume() const { return core_->volume(); }
PlayerStats RemotePlayer::stats() const { return core_->stats(); }
const absl::Status& RemotePlayer::last_error() const {
  return core_->last_error();
}

}  // namespace earshot
