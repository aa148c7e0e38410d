#include "metrics/metrics_endpoint.h"

#include <chrono>
#include <utility>

namespace earshot::metrics {

MetricsEndpoint::MetricsEndpoint(HttpListener listener,
                                 MetricsPage::Collectables collectables)
    : page_(std::move(collectables)), server_(std::move(listener), [this] {
        return page_.Text(std::chrono::steady_clock::now());
      }) {}

}  // namespace earshot::metrics
