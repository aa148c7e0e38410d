#include "server/listen/listeners.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/stream_lookup.h"

namespace earshot {
namespace {

// When there may be room for another listener.
constexpr std::chrono::milliseconds kRetry{5000};

}  // namespace

Listeners::Listeners(const StreamRegistry* registry)
    : registry_(registry), thread_([this] { Run(); }) {}

Listeners::~Listeners() { Stop(); }

Refusal Listeners::Admit(const Caller& caller, const std::string& name,
                         std::unique_ptr<FeedReader>* reader) const {
  const Refusal refusal = CheckMaySeeStream(caller, name);
  if (!refusal.ok()) return refusal;
  const auto entry = registry_->FindOpen(name);
  if (entry == nullptr) return NoStream(name);
  const std::lock_guard lock(listeners_mutex_);
  if (stopped_) return Refusal::ShuttingDown();
  if (listeners_.size() >= kMost) {
    return {Reason::kTooManyListeners, "",
            absl::StrCat(kMost, " listen already"), kRetry, "listeners"};
  }
  *reader = std::make_unique<FeedReader>(entry->session()->feed());
  return Refusal::None();
}

void Listeners::Add(const std::shared_ptr<Listener>& listener) {
  bool stopped = false;
  {
    const std::lock_guard lock(listeners_mutex_);
    stopped = stopped_;
    if (!stopped) listeners_.push_back(listener);
  }
  if (stopped) {
    listener->End(Refusal::ShuttingDown());
    return;
  }
  any_ = true;
  Wake();
}

void Listeners::Wake() {
  if (!any_.load(std::memory_order_relaxed)) return;
  wakings_.fetch_add(1, std::memory_order_release);
  wakings_.notify_one();
}

void Listeners::Stop() {
  {
    const std::lock_guard lock(listeners_mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  wakings_.fetch_add(1, std::memory_order_release);
  wakings_.notify_one();
  thread_.join();
  const MonotonicTime now = std::chrono::steady_clock::now();
  for (const auto& listener : Living()) {
    listener->Wake(now);
    listener->End(Refusal::ShuttingDown());
  }
}

std::vector<std::shared_ptr<Listener>> Listeners::Living() {
  std::vector<std::shared_ptr<Listener>> living;
  const std::lock_guard lock(listeners_mutex_);
  std::erase_if(listeners_, [&living](const auto& weak) {
    auto listener = weak.lock();
    const bool gone = listener == nullptr;
    if (!gone) living.push_back(std::move(listener));
    return gone;
  });
  any_ = !living.empty();
  return living;
}

void Listeners::Run() {
  uint32_t seen = 0;
  while (true) {
    wakings_.wait(seen, std::memory_order_acquire);
    seen = wakings_.load(std::memory_order_acquire);
    {
      const std::lock_guard lock(listeners_mutex_);
      if (stopped_) return;
    }
    const MonotonicTime now = std::chrono::steady_clock::now();
    for (const auto& listener : Living()) listener->Wake(now);
  }
}

}  // namespace earshot
