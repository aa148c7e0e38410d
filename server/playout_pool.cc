#include "server/playout_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace earshot {
namespace {

// Moves those of which `which` is true from one to the other, in any order.
template <typename Playouts, typename Which>
void MoveIf(Playouts* from, Playouts* to, Which which) {
  const auto moved =
      std::partition(from->begin(), from->end(),
                     [&](const auto& playout) { return !which(*playout); });
  to->insert(to->end(), std::make_move_iterator(moved),
             std::make_move_iterator(from->end()));
  from->erase(moved, from->end());
}

}  // namespace

PlayoutPool::PlayoutPool(int threads, OverloadDetector* overload,
                         std::function<void()> ticked)
    : overload_(overload), ticked_(std::move(ticked)) {
  for (int i = 0; i < std::max(1, threads); ++i) {
    workers_.push_back(std::make_shared<Worker>());
    Worker* worker = workers_.back().get();
    const auto number = static_cast<size_t>(i);
    worker->thread =
        std::thread([this, number, worker] { Run(number, worker); });
  }
}

PlayoutPool::~PlayoutPool() { Stop(); }

void PlayoutPool::Add(std::unique_ptr<SessionPlayout> playout) {
  std::shared_ptr<Worker> least;
  size_t load = 0;
  for (const auto& worker : workers_) {
    const std::lock_guard lock(worker->incoming_mutex);
    if (least == nullptr || worker->load < load) {
      least = worker;
      load = worker->load;
    }
  }
  playout->OnStirred([least] {
    {
      const std::lock_guard lock(least->incoming_mutex);
      least->stirred = true;
    }
    least->changed.notify_one();
  });
  {
    const std::lock_guard lock(least->incoming_mutex);
    if (!least->stop) {
      ++least->load;
      least->incoming.push_back(std::move(playout));
    }
  }
  if (playout != nullptr) {
    playout->Stop();
  } else {
    least->changed.notify_one();
  }
}

void PlayoutPool::Stop() {
  for (const auto& worker : workers_) {
    {
      const std::lock_guard lock(worker->incoming_mutex);
      worker->stop = true;
    }
    worker->changed.notify_one();
  }
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

void PlayoutPool::Run(size_t number, Worker* worker) {
  Playouts playing;
  Playouts resting;
  MonotonicTime next = std::chrono::steady_clock::now();
  MonotonicTime next_look = next;  // at those that rest
  while (true) {
    bool stirred = false;
    {
      std::unique_lock lock(worker->incoming_mutex);
      worker->load = playing.size() + resting.size() + worker->incoming.size();
      if (playing.empty()) {
        const auto news = [worker] {
          return worker->stop || worker->stirred || !worker->incoming.empty();
        };
        if (resting.empty()) {
          if (overload_ != nullptr) overload_->OnIdle(number);
          worker->changed.wait(lock, news);
        } else {
          worker->changed.wait_until(lock, next_look, news);
        }
        next = std::chrono::steady_clock::now();
      }
      MoveIf(&worker->incoming, &playing, [](const auto&) { return true; });
      stirred = std::exchange(worker->stirred, false);
      if (worker->stop) break;
    }
    std::this_thread::sleep_until(next);
    const MonotonicTime now = std::chrono::steady_clock::now();
    lateness_.Add(now - next);
    if (stirred || now >= next_look) {
      next_look = now + kLook;
      MoveIf(&resting, &playing,
             [now](SessionPlayout& playout) { return playout.Due(now); });
    }
    std::erase_if(playing,
                  [now](const auto& playout) { return !playout->Tick(now); });
    MoveIf(&playing, &resting,
           [](const SessionPlayout& playout) { return playout.rests(); });
    ticked_();
    if (overload_ != nullptr) {
      overload_->OnTick(number, now - next,
                        std::chrono::steady_clock::now() - now, now);
    }
    next += kTick;
    // Ticks that were missed are not made up for: each does all that is due.
    if (next < now) next = now + kTick;
  }
  for (const auto& playout : playing) playout->Stop();
  for (const auto& playout : resting) playout->Stop();
}

}  // namespace earshot
