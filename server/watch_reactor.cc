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
    Caller caller, const StreamRegistry* registry, Wanted wanted) {
  std::shared_ptr<WatchReactor> reactor(
      new WatchReactor(std::move(caller), registry, std::move(wanted)));
  reactor->self_ = reactor;
  return reactor;
}

WatchReactor::WatchReactor(Caller caller, const StreamRegistry* registry,
                           Wanted wanted)
    : caller_(std::move(caller)),
      registry_(registry),
      wanted_(std::move(wanted)) {}

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
  if (wanted_.name.empty()) {
    views = registry_->List("", kAll, now, [this](const StreamInfo& info) {
      return caller_.MaySee(info.vm);
    });
  } else if (auto view = registry_->Find(wanted_.name, now); view.has_value()) {
    views.push_back(std::move(*view));
  }
  const bool round = now >= next_round_;
  if (round) next_round_ = now + wanted_.interval;
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
  for (const std::string& name : told_) {
    if (states_.count(name) == 0) to_tell_.insert(name);  // it was forgotten
  }
  // Of what came and went meanwhile there is nothing to tell: it must not pile
  // up while the client does not read.
  std::erase_if(to_tell_, [this](const std::string& name) {
    return states_.count(name) == 0 && told_.count(name) == 0;
  });
}

void WatchReactor::WriteNext(MonotonicTime now) {
  while (!to_tell_.empty()) {
    auto next = to_tell_.upper_bound(last_);
    if (next == to_tell_.end()) next = to_tell_.begin();
    last_ = *next;
    to_tell_.erase(next);
    if (!MakeResponse(last_, now)) continue;
    writing_ = true;
    StartWrite(&response_);
    return;
  }
}

// False if there is nothing to be told of it.
bool WatchReactor::MakeResponse(const std::string& name, MonotonicTime now) {
  v1::WatchStreamsResponse response;
  v1::Stream& stream = *response.mutable_stream();
  stream.set_name(name);
  const auto view = registry_->Find(name, now);
  if (view.has_value()) stream = ToProto(*view);
  if (view.has_value() && wanted_.filter.Matches(stream)) {
    told_.insert(name);
  } else if (told_.erase(name) > 0) {
    response.set_gone(true);
  } else {
    return false;
  }
  response_ = ToBytes(response);
  return true;
}

}  // namespace earshot
