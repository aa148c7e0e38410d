#include "server/playback_service.h"

#include <utility>

namespace earshot {

PlaybackServiceImpl::PlaybackServiceImpl(
    const AccessControl* access, StreamRegistry* registry, PlayoutPool* pool,
    const SinkFactory* sinks, const PlayoutConfig& config,
    std::chrono::milliseconds open_timeout,
    std::chrono::milliseconds resume_timeout, const OverloadDetector* overload,
    std::function<void(const std::string&)> cut)
    : playback_{access,       registry,       pool,     sinks,         config,
                open_timeout, resume_timeout, overload, std::move(cut)} {}

grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse>*
PlaybackServiceImpl::Play(grpc::CallbackServerContext* context) {
  return PlayReactor::Start(&playback_, context);
}

void PlaybackServiceImpl::StartDraining(std::chrono::milliseconds deadline) {
  playback_.draining = true;
  for (const auto& entry : playback_.registry->OpenEntries()) {
    entry->GoAway(static_cast<int>(deadline.count()));
  }
}

}  // namespace earshot
