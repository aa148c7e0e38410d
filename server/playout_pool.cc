#include "server/playout_pool.h"

#include <algorithm>
#include <utility>

namespace earshot {

PlayoutPool::PlayoutPool(int threads, OverloadDetector* overload,
                         std::function<void()> ticked)
    : overload_(overload), ticked_(std::move(ticked)) {
  for (int i = 0; i < std::max(1, threads); ++i) {
    workers_.push_back(std::make_unique<Worker>());
    Worker* worker = workers_.back().get();
    const auto number = static_cast<size_t>(i);
    worker->thread =
        std::thread([this, number, worker] { Run(number, worker); });
  }
}

PlayoutPool::~PlayoutPool() { Stop(); }

void PlayoutPool::Add(std::unique_ptr<SessionPlayout> playout) {
  Worker* least = nullptr;
  size_t load = 0;
  for (const auto& worker : workers_) {
    const std::lock_guard lock(worker->incoming_mutex);
    if (least == nullptr || worker->load < load) {
      least = worker.get();
      load = worker->load;
    }
  }
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
  std::vector<std::unique_ptr<SessionPlayout>> playouts;
  MonotonicTime next = std::chrono::steady_clock::now();
  while (true) {
    {
      std::unique_lock lock(worker->incoming_mutex);
      worker->load = playouts.size() + worker->incoming.size();
      if (playouts.empty()) {
        if (overload_ != nullptr) overload_->OnIdle(number);
        worker->changed.wait(lock, [worker] {
          return worker->stop || !worker->incoming.empty();
        });
        next = std::chrono::steady_clock::now();
      }
      for (auto& playout : worker->incoming) {
        playouts.push_back(std::move(playout));
      }
      worker->incoming.clear();
      if (worker->stop) break;
    }
    std::this_thread::sleep_until(next);
    const MonotonicTime now = std::chrono::steady_clock::now();
    lateness_.Add(now - next);
    std::erase_if(playouts,
                  [now](const auto& playout) { return !playout->Tick(now); });
    ticked_();
    if (overload_ != nullptr) {
      overload_->OnTick(number, now - next,
                        std::chrono::steady_clock::now() - now, now);
    }
    next += kTick;
    // Ticks that were missed are not made up for: each does all that is due.
    if (next < now) next = now + kTick;
  }
  for (const auto& playout : playouts) playout->Stop();
}

}  // namespace earshot
