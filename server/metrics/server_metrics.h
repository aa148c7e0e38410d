#ifndef EARSHOT_SERVER_METRICS_SERVER_METRICS_H_
#define EARSHOT_SERVER_METRICS_SERVER_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/access/config_file.h"
#include "server/limits/connection_gate.h"
#include "server/metrics/tick_lateness.h"
#include "server/recording/recorder.h"
#include "server/stream_registry.h"

namespace earshot {

// What an operator sees of the server: read where it is kept, when somebody
// asks. Nothing is counted for it on the way of a packet. Any thread.
class ServerMetrics : public prometheus::Collectable {
 public:
  // Where it is kept; they outlive it.
  struct Sources {
    const StreamRegistry* streams = nullptr;
    const TickLateness* ticks = nullptr;
    std::function<ConnectionCounts()> connections;
    std::function<std::vector<ConfigFileState>()> files;
    std::function<int()> max_streams;
    std::function<bool()> draining;
    std::function<bool()> overloaded;
    // PEM files, each by what it is for.
    std::vector<std::pair<std::string, std::string>> certificates = {};
    // None: nothing is recorded.
    std::function<RecordingCounts()> recordings = nullptr;
  };
  explicit ServerMetrics(Sources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  using Families = std::vector<prometheus::MetricFamily>;

  void AddStreams(Families& families) const;
  void AddConnections(Families& families) const;
  void AddFiles(Families& families) const;
  void AddRecordings(Families& families) const;

  const Sources sources_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_METRICS_SERVER_METRICS_H_
