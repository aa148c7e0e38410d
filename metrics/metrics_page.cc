#include "metrics/metrics_page.h"

#include <prometheus/text_serializer.h>

#include <iterator>
#include <utility>

namespace earshot::metrics {

MetricsPage::MetricsPage(Collectables collectables)
    : collectables_(std::move(collectables)) {}

const std::string& MetricsPage::Text(MonotonicTime now) {
  if (!text_.empty() && now - made_ < kYoung) return text_;
  std::vector<prometheus::MetricFamily> families;
  for (const auto& collectable : collectables_) {
    auto more = collectable->Collect();
    families.insert(families.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  }
  // What has no samples says nothing.
  std::erase_if(families,
                [](const auto& family) { return family.metric.empty(); });
  text_ = prometheus::TextSerializer().Serialize(families);
  made_ = now;
  return text_;
}

}  // namespace earshot::metrics
