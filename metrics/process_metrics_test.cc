#include "metrics/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace earshot::metrics {
namespace {

TEST(ProcessMetricsTest, TellsWhatTheSystemSays) {
  const ProcessMetrics metrics("some-program", "1.2.3");
  std::vector<std::string> names;
  for (const auto& family : metrics.Collect()) {
    ASSERT_EQ(family.metric.size(), 1u) << family.name;
    const auto& metric = family.metric.front();
    const double value = family.type == prometheus::MetricType::Counter
                             ? metric.counter.value
                             : metric.gauge.value;
    if (family.name != "process_cpu_seconds_total") {
      EXPECT_GT(value, 0) << family.name;
    }
    names.push_back(family.name);
  }
  EXPECT_THAT(names,
              testing::ElementsAre(
                  "earshot_build_info", "process_start_time_seconds",
                  "process_cpu_seconds_total", "process_resident_memory_bytes",
                  "process_open_fds", "process_max_fds", "process_threads"));
}

}  // namespace
}  // namespace earshot::metrics
