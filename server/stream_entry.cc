#include "server/stream_entry.h"

#include <functional>
#include <utility>
#include <vector>

#include "server/resume_token.h"

namespace earshot {
namespace {

constexpr size_t kMaxPeers = 8;

}  // namespace

StreamEntry::StreamEntry(const StreamInfo& info, const PlayoutConfig& config,
                         std::shared_ptr<PlayVolume> volume)
    : name_(info.name),
      principal_(info.principal),
      token_(NewResumeToken()),
      volume_(std::move(volume)),
      session_(std::make_shared<Session>(config, volume_)),
      info_(info) {
  info_.peers = {info.peer};
}

StreamInfo StreamEntry::info() const {
  const std::lock_guard lock(call_mutex_);
  return info_;
}

StreamView StreamEntry::View(MonotonicTime now) const {
  return {info(), session_->Stats(now)};
}

std::optional<StreamEntry::Attached> StreamEntry::Attach(const StreamInfo& info,
                                                         CallHandle call,
                                                         uint64_t oldest_epoch,
                                                         MonotonicTime now) {
  // Of two calls that come at once, the one that the session hears is also the
  // one that is known here.
  const std::lock_guard lock(call_mutex_);
  const auto attachment = session_->Attach(oldest_epoch, now);
  if (!attachment.has_value()) return std::nullopt;
  std::vector<std::string> peers = std::move(info_.peers);
  info_ = info;
  // The one that the stream was made for is the first to attach.
  if (peers.empty() || attachment->resumed)
    peers.insert(peers.begin(), info.peer);
  if (peers.size() > kMaxPeers) peers.resize(kMaxPeers);
  info_.peers = std::move(peers);
  return Attached{*attachment, std::exchange(call_, std::move(call))};
}

std::optional<StreamEntry::Attached> StreamEntry::Resume(
    absl::string_view token, const StreamInfo& info, CallHandle call,
    uint64_t oldest_epoch, MonotonicTime now) {
  if (!SameToken(token, token_)) return std::nullopt;
  return Attach(info, std::move(call), oldest_epoch, now);
}

void StreamEntry::Replace(const Refusal& why, MonotonicTime now) {
  // The call hears why before the session may be closed: from then on it would
  // say that the server shuts down. That it ends is nothing to the session.
  session_->Detach();
  if (const CallHandle last = call(); last.end) last.end(why);
  session_->Replace(why.message, now);
}

void StreamEntry::GoAway(int deadline_ms) {
  if (const CallHandle last = call(); last.go_away) last.go_away(deadline_ms);
}

void StreamEntry::Flush() {
  std::function<void()> flush;
  {
    const std::lock_guard lock(call_mutex_);
    flush = call_.flush;
  }
  if (flush) flush();
}

CallHandle StreamEntry::call() const {
  const std::lock_guard lock(call_mutex_);
  return call_;
}

}  // namespace earshot
