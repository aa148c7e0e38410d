#include "client/remote_player.h"

#include <utility>

#include "client/encoder_factory.h"
#include "client/player_core.h"
#include "client/rate_adapter.h"
#include "client/server_targets.h"

namespace earshot {

absl::StatusOr<std::unique_ptr<RemotePlayer>> RemotePlayer::Create(
    Options options, const boost::asio::any_io_executor& executor) {
  auto targets = ServerTargets::Create(options.server, options.security);
  if (!targets.ok()) return targets.status();
  // The codec's own options; the format comes with each epoch.
  if (auto encoder = CreatePacketEncoder(options.codec, 48000, 2);
      !encoder.ok()) {
    return encoder.status();
  }
  const AudioCodec codec = options.codec.codec;
  return std::unique_ptr<RemotePlayer>(
      new RemotePlayer(std::make_unique<PlayerCore>(
                           std::move(options), *std::move(targets), executor),
                       codec));
}

RemotePlayer::RemotePlayer(std::unique_ptr<PlayerCore> core, AudioCodec codec)
    : core_(std::move(core)),
      adapter_(std::make_unique<RateAdapter>(core_.get(), codec)) {}
RemotePlayer::~RemotePlayer() = default;

void RemotePlayer::set_on_due(std::function<void()> on_due) {
  core_->set_on_due(std::move(on_due));
}
absl::Status RemotePlayer::Prepare(const PlayerFormat& format,
                                   MonotonicTime now) {
  return adapter_->Prepare(format, now);
}
void RemotePlayer::Start(MonotonicTime now) { adapter_->Start(now); }
void RemotePlayer::Stop(MonotonicTime now) { adapter_->Stop(now); }
int64_t RemotePlayer::DuePosition(int64_t queued_end, MonotonicTime now) {
  return adapter_->DuePosition(queued_end, now);
}
MonotonicTime RemotePlayer::NextDue(int64_t head_end, MonotonicTime now) const {
  return adapter_->NextDue(head_end, now);
}
void RemotePlayer::Write(absl::Span<const float> pcm, MonotonicTime now) {
  adapter_->Write(pcm, now);
}
void RemotePlayer::Discard(int64_t frames, MonotonicTime now) {
  adapter_->Discard(frames, now);
}
int64_t RemotePlayer::DelayFrames(MonotonicTime now) const {
  return adapter_->DelayFrames(now);
}
void RemotePlayer::Release(MonotonicTime now) { adapter_->Release(now); }
void RemotePlayer::Close(MonotonicTime now) {
  adapter_->Release(now);
  core_->Close(now);
}
void RemotePlayer::SetVolume(const PlayerVolume& volume) {
  core_->SetVolume(volume);
}
PlayerVolume RemotePlayer::volume() const { return core_->volume(); }
PlayerStats RemotePlayer::stats() const { return adapter_->stats(); }
PlayerTotals RemotePlayer::totals() const { return core_->totals(); }
bool RemotePlayer::connected() const { return core_->connected(); }
const absl::Status& RemotePlayer::last_error() const {
  return core_->last_error();
}

}  // namespace earshot
