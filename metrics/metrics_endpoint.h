#ifndef EARSHOT_METRICS_METRICS_ENDPOINT_H_
#define EARSHOT_METRICS_METRICS_ENDPOINT_H_

#include "metrics/http_listener.h"
#include "metrics/http_server.h"
#include "metrics/metrics_page.h"

namespace earshot::metrics {

// GET /metrics of a program, as long as it lives.
class MetricsEndpoint {
 public:
  // The collectables are asked in the endpoint's own thread.
  MetricsEndpoint(HttpListener listener,
                  MetricsPage::Collectables collectables);

 private:
  MetricsPage page_;
  HttpServer server_;
};

}  // namespace earshot::metrics

#endif  // EARSHOT_METRICS_METRICS_ENDPOINT_H_
