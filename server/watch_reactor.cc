#include "server/watch_reactor.h"

#include <utility>
#include <vector>

#include "server/stream_proto.h"
#include "server/unary_call.h"

namespace earshot {
namespace {

constexpr size_t kAll =
    StreamRegistry::kMaxSessions + StreamRegistry::kMaxClosed;

MonotonicTime Now() { return std::chrono::steady_clock::now(); }

}  // namespace

std::shared_ptr<WatchReactor> WatchReactor::Create(
    Caller caller, const StreamRegistry* registry, std::string name,
    std::chrono::milliseconds interval) {
  std::shared_ptr<WatchReactor> reactor(
      new WatchReactor(std::move(caller), registry, std::move(name), interval));
  reactor->self_ = reactor;
  return reactor;
}

WatchReactor::WatchReactor(Caller caller, const StreamRegistry* registry,
                           std::string name, std::chrono::milliseconds interval)
    : caller_(std::move(caller)),
      registry_(registry),
      name_(std::move(name)),
      interval_(interval) {}

bool WatchReactor::Tick(MonotonicTime now) {
  const std::lock_guard lock(call_mutex_);
  if (finished_) return false;
  Collect(now);
  if (!writing_) WriteNext(now);
  return true;
}

void WatchReactor::EndCall(const grpc::Status& status) {
  const std::lock_guard lock(call_mutex_);
  if (finished_) return;
  finished_ = true;
  Finish(status);
}

void WatchReactor::OnWriteDone(bool ok) {
  const std::lock_guard lock(call_mutex_);
  writing_ = false;
  if (ok && !finished_) WriteNext(Now());
}

void WatchReactor::OnCancel() { EndCall(grpc::Status::CANCELLED); }

void WatchReactor::OnDone() { self_.reset(); }

void WatchReactor::Collect(MonotonicTime now) {
  std::vector<StreamView> views;
  if (name_.empty()) {
    views = registry_->List("", kAll, now, [this](const StreamInfo& info) {
      return caller_.MaySee(info.vm);
    });
  } else if (auto view = registry_->Find(name_, now); view.has_value()) {
    views.push_back(std::move(*view));
  }
  const bool round = now >= next_round_;
  if (round) next_round_ = now + interval_;
  std::map<std::string, SessionState> states;
  for (const StreamView& view : views) {
    const std::string& name = view.info.name;
    const auto before = states_.find(name);
    const bool changed =
        before == states_.end() || before->second != view.stats.state;
    // What is closed does not change any more.
    if (changed || (round && view.stats.state != SessionState::kClosed)) {
      to_tell_.insert(name);
    }
    states[name] = view.stats.state;
  }
  states_ = std::move(states);
  // What was forgotten meanwhile cannot be told: it must not pile up while the
  // client does not read.
  std::erase_if(to_tell_, [this](const std::string& name) {
    return states_.count(name) == 0;
  });
}

void WatchReactor::WriteNext(MonotonicTime now) {
  while (!to_tell_.empty()) {
    const std::string name = *to_tell_.begin();
    to_tell_.erase(to_tell_.begin());
    const auto view = registry_->Find(name, now);
    if (!view.has_value()) continue;  // it was forgotten meanwhile
    v1::WatchStreamsResponse response;
    *response.mutable_stream() = ToProto(*view);
    response_ = ToBytes(response);
    writing_ = true;
    StartWrite(&response_);
    return;
  }
}

}  // namespace earshot
