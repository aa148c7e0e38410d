#ifndef EARSHOT_METRICS_FAMILIES_H_
#define EARSHOT_METRICS_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace earshot::metrics {

using Labels = std::vector<prometheus::ClientMetric::Label>;

// One family: a name, what it means, and a sample for each set of labels.
// Thread: none of its own.
class Family {
 public:
  // Counters' names end in "_total".
  static Family Counters(std::string name, std::string help);
  static Family Gauges(std::string name, std::string help);

  Family& Add(double value, Labels labels = {});

  bool empty() const { return family_.metric.empty(); }
  prometheus::MetricFamily Take() { return std::move(family_); }

 private:
  explicit Family(prometheus::MetricFamily family)
      : family_(std::move(family)) {}

  prometheus::MetricFamily family_;
};

// A family with one sample.
prometheus::MetricFamily Counter(std::string name, std::string help,
                                 double value, Labels labels = {});
prometheus::MetricFamily Gauge(std::string name, std::string help, double value,
                               Labels labels = {});

// A histogram with one sample. `counts` has one more than `bounds`: of what
// was above them all.
prometheus::MetricFamily Histogram(std::string name, std::string help,
                                   const std::vector<double>& bounds,
                                   const std::vector<uint64_t>& counts,
                                   double sum);

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_FAMILIES_H_
