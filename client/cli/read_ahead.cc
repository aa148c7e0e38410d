#include "client/cli/read_ahead.h"

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace earshot {

struct ReadAhead::Shared {
  size_t max_samples = 0;
  std::function<void()> on_more;  // the loop's

  std::mutex mutex;  // guards what follows
  std::condition_variable room;
  std::vector<float> samples;
  bool over = false;
  bool posted = false;                    // on_more waits in the loop
  bool abandoned = false;                 // nobody takes any more
  boost::asio::any_io_executor executor;  // of a loop that is there until then
};

ReadAhead::ReadAhead(Source source, size_t max_samples,
                     const boost::asio::any_io_executor& executor,
                     std::function<void()> on_more)
    : shared_(std::make_shared<Shared>()) {
  shared_->max_samples = max_samples;
  shared_->on_more = std::move(on_more);
  shared_->executor = executor;
  std::thread([source = std::move(source), shared = shared_] {
    Run(source, *shared, shared);
  }).detach();
}

ReadAhead::~ReadAhead() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->abandoned = true;
  shared_->executor = boost::asio::any_io_executor();
  shared_->room.notify_one();
}

bool ReadAhead::Take(std::vector<float>& out) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  out.insert(out.end(), shared_->samples.begin(), shared_->samples.end());
  shared_->samples.clear();
  shared_->room.notify_one();
  return !shared_->over;
}

void ReadAhead::Run(const Source& source, Shared& shared,
                    const std::shared_ptr<Shared>& owner) {
  bool over = false;
  while (!over) {
    const absl::Span<const float> piece = source();
    over = piece.empty();
    std::unique_lock<std::mutex> lock(shared.mutex);
    shared.room.wait(lock, [&] {
      return shared.samples.size() < shared.max_samples || shared.abandoned;
    });
    if (shared.abandoned) return;
    shared.samples.insert(shared.samples.end(), piece.begin(), piece.end());
    shared.over = over;
    if (std::exchange(shared.posted, true)) continue;
    boost::asio::post(shared.executor, [owner] {
      {
        const std::lock_guard<std::mutex> posted_lock(owner->mutex);
        owner->posted = false;
        if (owner->abandoned) return;
      }
      owner->on_more();
    });
  }
}

}  // namespace earshot
