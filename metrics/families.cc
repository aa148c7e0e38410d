#include "metrics/families.h"

#include <limits>

namespace earshot::metrics {

using prometheus::MetricType;

Family Family::Counters(std::string name, std::string help) {
  return Family({std::move(name), std::move(help), MetricType::Counter, {}});
}

Family Family::Gauges(std::string name, std::string help) {
  return Family({std::move(name), std::move(help), MetricType::Gauge, {}});
}

Family& Family::Add(double value, Labels labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  if (family_.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family_.metric.push_back(std::move(metric));
  return *this;
}

prometheus::MetricFamily Counter(std::string name, std::string help,
                                 double value, Labels labels) {
  return Family::Counters(std::move(name), std::move(help))
      .Add(value, std::move(labels))
      .Take();
}

prometheus::MetricFamily Gauge(std::string name, std::string help, double value,
                               Labels labels) {
  return Family::Gauges(std::move(name), std::move(help))
      .Add(value, std::move(labels))
      .Take();
}

prometheus::MetricFamily Histogram(std::string name, std::string help,
                                   const std::vector<double>& bounds,
                                   const std::vector<uint64_t>& counts,
                                   double sum) {
  prometheus::MetricFamily family{
      std::move(name), std::move(help), MetricType::Histogram, {{}}};
  auto& histogram = family.metric.front().histogram;
  for (size_t i = 0; i < counts.size(); ++i) {
    histogram.sample_count += counts[i];
    histogram.bucket.push_back({histogram.sample_count,
                                i < bounds.size()
                                    ? bounds[i]
                                    : std::numeric_limits<double>::infinity()});
  }
  histogram.sample_sum = sum;
  return family;
}

}  // namespace earshot::metrics
