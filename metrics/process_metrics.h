#ifndef EARSHOT_METRICS_PROCESS_METRICS_H_
#define EARSHOT_METRICS_PROCESS_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <chrono>
#include <string>
#include <vector>

namespace earshot::metrics {

// What Prometheus' clients tell of every process: CPU, memory, descriptors,
// threads; and which version of which program it is. What the system does not
// say (of another account's process, a sandbox) is left out. Any thread.
class ProcessMetrics : public prometheus::Collectable {
 public:
  ProcessMetrics(std::string program, std::string version);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string program_;
  const std::string version_;
  const std::chrono::system_clock::time_point start_;
};

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_PROCESS_METRICS_H_
