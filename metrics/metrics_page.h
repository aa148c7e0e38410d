#ifndef EARSHOT_METRICS_METRICS_PAGE_H_
#define EARSHOT_METRICS_METRICS_PAGE_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace earshot::metrics {

using MonotonicTime = std::chrono::steady_clock::time_point;

// What the collectables say, as Prometheus reads it. A page is made only if
// somebody asks, and at most five times a second, whoever asks how often.
// Thread: its owner's.
class MetricsPage {
 public:
  static constexpr std::chrono::milliseconds kYoung{200};

  using Collectables = std::vector<std::shared_ptr<prometheus::Collectable>>;
  explicit MetricsPage(Collectables collectables);

  const std::string& Text(MonotonicTime now);

 private:
  const Collectables collectables_;
  std::string text_;
  MonotonicTime made_{};
};

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_METRICS_PAGE_H_
