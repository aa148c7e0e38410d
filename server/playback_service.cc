#include "server/playback_service.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace earshot {
namespace {

// Who leaves makes a connection elsewhere, where a stream has to begin: all at
// once they are in each other's way, and in that of those who play there. Of
// 200 that had been told at once on one machine of two processors each had an
// underrun.
constexpr std::chrono::milliseconds kBetweenTwo{10};
// The part of a drain's time that this may take: 1/4.
constexpr int kMostOfDrain = 4;

}  // namespace

PlaybackServiceImpl::PlaybackServiceImpl(
    const AccessControl* access, StreamRegistry* registry, PlayoutPool* pool,
    const SinkFactory* sinks, Recorder* recorder, const PlayoutConfig& config,
    std::chrono::milliseconds open_timeout,
    std::chrono::milliseconds resume_timeout, const OverloadDetector* overload,
    std::function<void(const std::string&)> cut)
    : playback_{access,   registry,      pool,         sinks,
                recorder, config,        open_timeout, resume_timeout,
                overload, std::move(cut)} {}

grpc::ServerBidiReactor<v1::PlayRequest, v1::PlayResponse>*
PlaybackServiceImpl::Play(grpc::CallbackServerContext* context) {
  return PlayReactor::Start(&playback_, context);
}

void PlaybackServiceImpl::StartDraining(MonotonicTime deadline) {
  using std::chrono::milliseconds;
  playback_.draining = true;
  const auto entries = playback_.registry->OpenEntries();
  if (entries.empty()) return;
  const auto left = [deadline] {
    return std::max<std::chrono::nanoseconds>(
        deadline - std::chrono::steady_clock::now(), milliseconds(0));
  };
  const auto gap = std::min<std::chrono::nanoseconds>(
      kBetweenTwo, left() / kMostOfDrain / static_cast<int>(entries.size()));
  MonotonicTime next = std::chrono::steady_clock::now();
  for (const auto& entry : entries) {
    std::this_thread::sleep_until(next);
    entry->GoAway(static_cast<int>(
        std::chrono::duration_cast<milliseconds>(left()).count()));
    next += gap;
  }
}

}  // namespace earshot
