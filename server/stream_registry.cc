#include "server/stream_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

constexpr std::chrono::milliseconds kLook{10};
// When there may be room again.
constexpr std::chrono::milliseconds kRetry{5000};
constexpr char kAnonymous[] = "anonymous";
// Streams of one principal that were replaced, beyond as many as he may have.
constexpr size_t kReplaced = 4;

}  // namespace

Refusal StreamRegistry::Add(const std::shared_ptr<Entry>& entry,
                            const Quotas& quotas,
                            std::shared_ptr<Entry>* replaced) {
  const std::lock_guard lock(streams_mutex_);
  Refusal refusal = CheckOwner(*entry);
  if (refusal.ok()) refusal = CheckQuotas(*entry, quotas);
  if (!refusal.ok()) return refusal;
  sessions_.insert(entry);
  ++opened_;
  *replaced = std::exchange(open_[entry->name()], entry);
  std::erase_if(closed_, [&entry](const Closed& closed) {
    return closed.view.info.name == entry->name();
  });
  return Refusal::None();
}

// Who has opened a stream keeps it for as long as it is open.
Refusal StreamRegistry::CheckOwner(const Entry& entry) const {
  const auto it = open_.find(entry.name());
  if (it == open_.end() || it->second->principal() == entry.principal()) {
    return Refusal::None();
  }
  // Who it is, is nobody else's business.
  return {Reason::kStreamOfAnother, "open.stream",
          absl::StrCat(entry.principal(),
                       " may not take the stream over: another principal has "
                       "opened it")};
}

Refusal StreamRegistry::CheckQuotas(const Entry& entry,
                                    const Quotas& quotas) const {
  const size_t most =
      quotas.max_streams > 0
          ? std::min(kMaxSessions, static_cast<size_t>(quotas.max_streams))
          : kMaxSessions;
  if (sessions_.size() >= most) {
    return {Reason::kTooManyStreams, "open.stream",
            absl::StrCat("the server has ", sessions_.size(),
                         " streams, which is all it may"),
            kRetry, "max_streams"};
  }
  const std::string& principal = entry.principal();
  if (quotas.max_streams_per_principal <= 0 || principal == kAnonymous) {
    return Refusal::None();
  }
  size_t open = 0;
  for (const auto& [name, one] : open_) {
    if (name != entry.name() && one->principal() == principal) ++open;
  }
  // Those that were replaced and play what they have count, too, but not as
  // much: who opens anew at once is not to be refused.
  const auto replaced =
      static_cast<size_t>(std::count_if(
          sessions_.begin(), sessions_.end(),
          [&](const auto& one) { return one->principal() == principal; })) -
      open;
  const auto most_of_principal =
      static_cast<size_t>(quotas.max_streams_per_principal);
  if (open < most_of_principal && replaced <= most_of_principal + kReplaced) {
    return Refusal::None();
  }
  return {Reason::kTooManyStreamsOfPrincipal, "open.stream",
          absl::StrCat(principal, " has ", open,
                       " other streams, and may have ", most_of_principal),
          kRetry, absl::StrCat("max_streams_per_principal of ", principal)};
}

void StreamRegistry::Close(const std::shared_ptr<Entry>& entry,
                           MonotonicTime now) {
  const std::lock_guard lock(streams_mutex_);
  if (sessions_.erase(entry) > 0) over_ += entry->View(now).stats.total;
  const auto it = open_.find(entry->name());
  if (it != open_.end() && it->second == entry) {
    open_.erase(it);
    // Nobody asks for a probe that is over, and it would push out a stream.
    if (!entry->info().probe) {
      closed_.push_back({entry->View(now), now, entry->volume()});
      Expire(now);
    }
  }
  one_closed_.notify_all();
}

std::shared_ptr<PlayVolume> StreamRegistry::VolumeOf(
    const std::string& name) const {
  const std::lock_guard lock(streams_mutex_);
  if (const auto it = open_.find(name); it != open_.end()) {
    return it->second->volume();
  }
  const auto closed = FindClosed(name);
  return closed != closed_.end() ? closed->volume
                                 : std::make_shared<PlayVolume>();
}

bool StreamRegistry::SetVolume(const std::string& name,
                               const VolumeSetting& volume, MonotonicTime now) {
  const std::lock_guard lock(streams_mutex_);
  Expire(now);
  if (const auto it = open_.find(name); it != open_.end()) {
    it->second->volume()->Set(volume);
    return true;
  }
  const auto closed = FindClosed(name);
  if (closed == closed_.end()) return false;
  closed->volume->Set(volume);
  closed->view.stats.volume = volume;
  return true;
}

std::shared_ptr<StreamEntry> StreamRegistry::FindOpen(
    const std::string& name) const {
  const std::lock_guard lock(streams_mutex_);
  const auto it = open_.find(name);
  return it != open_.end() ? it->second : nullptr;
}

std::vector<StreamView> StreamRegistry::List(
    const std::string& after, size_t most, MonotonicTime now,
    const std::function<bool(const StreamInfo&)>& wanted) const {
  std::map<std::string, StreamView> closed;
  std::vector<std::shared_ptr<Entry>> open;
  {
    const std::lock_guard lock(streams_mutex_);
    Expire(now);
    for (const Closed& one : closed_) {
      if (one.view.info.name > after && wanted(one.view.info)) {
        closed[one.view.info.name] = one.view;
      }
    }
    for (auto it = open_.upper_bound(after);
         it != open_.end() && open.size() < most; ++it) {
      if (wanted(it->second->info())) open.push_back(it->second);
    }
  }
  std::vector<StreamView> views;
  auto next_open = open.begin();
  auto next_closed = closed.begin();
  while (views.size() < most &&
         (next_open != open.end() || next_closed != closed.end())) {
    if (next_closed == closed.end() ||
        (next_open != open.end() &&
         (*next_open)->name() < next_closed->first)) {
      views.push_back((*next_open)->View(now));
      ++next_open;
    } else {
      views.push_back(std::move(next_closed->second));
      ++next_closed;
    }
  }
  return views;
}

std::optional<StreamView> StreamRegistry::Find(const std::string& name,
                                               MonotonicTime now) const {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(streams_mutex_);
    Expire(now);
    const auto it = open_.find(name);
    if (it == open_.end()) {
      const auto closed = FindClosed(name);
      if (closed == closed_.end()) return std::nullopt;
      return closed->view;
    }
    entry = it->second;
  }
  return entry->View(now);
}

std::vector<std::shared_ptr<StreamRegistry::Entry>>
StreamRegistry::OpenEntries() const {
  const std::lock_guard lock(streams_mutex_);
  std::vector<std::shared_ptr<Entry>> entries;
  for (const auto& [name, entry] : open_) entries.push_back(entry);
  return entries;
}

StreamOverview StreamRegistry::Overview(MonotonicTime now) const {
  StreamOverview overview;
  std::vector<std::pair<std::shared_ptr<Entry>, bool>> sessions;
  {
    const std::lock_guard lock(streams_mutex_);
    overview.opened = opened_;
    overview.total = over_;
    for (const auto& entry : sessions_) {
      const auto it = open_.find(entry->name());
      sessions.push_back({entry, it != open_.end() && it->second == entry});
    }
  }
  for (const auto& [entry, open] : sessions) {
    StreamView view = entry->View(now);
    overview.total += view.stats.total;
    if (open) overview.open.push_back(std::move(view));
  }
  return overview;
}

bool StreamRegistry::WaitUntilPlayed(MonotonicTime deadline) const {
  const auto played = [this] {
    return std::all_of(
        sessions_.begin(), sessions_.end(),
        [](const auto& entry) { return entry->session()->waits(); });
  };
  std::unique_lock lock(streams_mutex_);
  while (!played()) {
    const MonotonicTime now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    // Nobody tells when a session that waits has played what it has.
    one_closed_.wait_until(lock, std::min(deadline, now + kLook));
  }
  return true;
}

std::deque<StreamRegistry::Closed>::iterator StreamRegistry::FindClosed(
    const std::string& name) const {
  return std::find_if(
      closed_.begin(), closed_.end(),
      [&name](const Closed& one) { return one.view.info.name == name; });
}

void StreamRegistry::Expire(MonotonicTime now) const {
  while (!closed_.empty() && (closed_.size() > kMaxClosed ||
                              now - closed_.front().time > kKeepClosed)) {
    closed_.pop_front();
  }
}

}  // namespace earshot
