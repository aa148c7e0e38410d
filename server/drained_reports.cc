#include "server/drained_reports.h"

#include <algorithm>

namespace earshot {

std::optional<DrainedReport> DrainedReports::Take() {
  if (empty()) return std::nullopt;
  const DrainedReport report = reports_[told_++];
  ever_told_ = std::max(ever_told_, told_);
  while (told_ > kKept) {
    reports_.pop_front();
    --told_;
    --ever_told_;
  }
  return report;
}

void DrainedReports::TellAgain(uint64_t oldest) {
  told_ = ever_told_;
  if (oldest == 0) return;
  while (told_ > 0 && reports_[told_ - 1].epoch >= oldest) --told_;
}

}  // namespace earshot
