#include "metrics/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/families.h"

namespace earshot::metrics {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class FakeCollectable : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    ++asked;
    std::vector<prometheus::MetricFamily> families;
    families.push_back(Counter("a_total", "An a.", asked, {{"by", "x\"y"}}));
    families.push_back(Family::Gauges("nothing", "Without samples.").Take());
    families.push_back(
        Histogram("late_seconds", "How late.", {0.001, 0.01}, {1, 2, 3}, 0.5));
    return families;
  }
  mutable int asked = 0;
};

TEST(MetricsPageTest, WritesWhatCollectablesSay) {
  MetricsPage page({std::make_shared<FakeCollectable>()});
  const std::string& text = page.Text(MonotonicTime());
  EXPECT_THAT(text, HasSubstr("# HELP a_total An a.\n# TYPE a_total counter\n"
                              "a_total{by=\"x\\\"y\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("late_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("late_seconds_bucket{le=\"0.01\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("late_seconds_bucket{le=\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("late_seconds_sum 0.5\n"));
  EXPECT_THAT(text, Not(HasSubstr("nothing")));
}

TEST(MetricsPageTest, AYoungPageIsUsedAgain) {
  auto collectable = std::make_shared<FakeCollectable>();
  MetricsPage page({collectable});
  const MonotonicTime begin{};
  page.Text(begin);
  page.Text(begin + MetricsPage::kYoung - milliseconds(1));
  EXPECT_EQ(collectable->asked, 1);
  page.Text(begin + MetricsPage::kYoung);
  EXPECT_EQ(collectable->asked, 2);
}

}  // namespace
}  // namespace earshot::metrics
