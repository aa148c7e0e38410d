#ifndef EARSHOT_DEVICE_METRICS_DEVICE_METRICS_H_
#define EARSHOT_DEVICE_METRICS_DEVICE_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "device/metrics/device_figures.h"
#include "device/metrics/loop_reader.h"

namespace earshot {

// What an operator sees of a device: of its streams, which the service knows by
// the same `vm` and `stream`, and of what the VMM does. Thread: one that may
// wait for the loop, always the same.
class DeviceMetrics : public prometheus::Collectable {
 public:
  // For the loop and for `read` see LoopReader. `certificates` are PEM files,
  // each by what it is for.
  DeviceMetrics(std::string vm, boost::asio::io_context* loop,
                std::function<DeviceFigures()> read,
                std::vector<std::pair<std::string, std::string>> certificates);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  using Families = std::vector<prometheus::MetricFamily>;

  void AddStreams(const DeviceFigures& figures, Families& families) const;

  const std::string vm_;
  const std::vector<std::pair<std::string, std::string>> certificates_;
  // What asking changes.
  mutable LoopReader loop_;
  // By stream, as told last: what is played is known a little later than what
  // is skipped, and what was told is not taken back.
  mutable std::vector<int64_t> played_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_METRICS_DEVICE_METRICS_H_
