#include "server/client_reports.h"

#include <algorithm>

namespace earshot {

void ClientReports::StartCall() {
  ping_waits_ = false;
  worst_round_trip_ = {};
  last_progress_.reset();
  told_volume_ = {};
}

void ClientReports::AddPing(const PingReport& ping) {
  ping_ = ping;
  ping_waits_ = true;
  worst_round_trip_ = std::max(worst_round_trip_, ping.round_trip);
}

std::optional<VolumeSetting> ClientReports::TakeVolume() {
  if (!VolumeDue()) return std::nullopt;
  told_volume_ = volume_->Get();
  return told_volume_;
}

void ClientReports::TakeProgress(const Epoch* epoch, ProgressReport* report) {
  if (!VolumeDue() && std::exchange(ping_waits_, false)) {
    report->ping_id = ping_.id;
  }
  last_progress_ = report->time;
  last_epoch_ = report->epoch;
  last_granted_ = report->granted_frame;
  last_silent_ = epoch != nullptr && epoch->in_open_silence();
}

bool ClientReports::ProgressDue(const Epoch* epoch, MonotonicTime now) const {
  if (ping_waits_) return true;
  if (epoch == nullptr || epoch->state() == Epoch::State::kDone) return false;
  if (!last_progress_.has_value() || last_epoch_ != epoch->params().epoch) {
    return true;
  }
  const bool silent = epoch->in_open_silence();
  // The next one is far, and the grant reaches up to it.
  if (silent && !last_silent_) return true;
  if (!silent &&
      epoch->granted_position() - last_granted_ >= epoch->window_frames() / 4) {
    return true;
  }
  return epoch->state() != Epoch::State::kPaused &&
         now - *last_progress_ >= (silent ? Epoch::kSilentInterval : kInterval);
}

}  // namespace earshot
