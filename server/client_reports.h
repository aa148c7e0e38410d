#ifndef EARSHOT_SERVER_CLIENT_REPORTS_H_
#define EARSHOT_SERVER_CLIENT_REPORTS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "server/drained_reports.h"
#include "server/epoch.h"
#include "server/play_volume.h"
#include "server/stream_types.h"

namespace earshot {

// What Progress says.
struct ProgressReport {
  uint64_t epoch = 0;
  int64_t granted_frame = 0;
  int64_t received_frame = 0;
  int64_t played_frame = 0;
  MonotonicTime time;
  std::optional<std::chrono::nanoseconds> margin_error;
  std::chrono::nanoseconds target_margin{0};
  std::optional<uint64_t> ping_id;
  std::chrono::nanoseconds sink_latency{0};
};

// What Ping says.
struct PingReport {
  uint64_t id = 0;
  double clock_ppm = 0;
  std::chrono::nanoseconds round_trip{0};
  std::chrono::nanoseconds client_delay{0};
};

// What a session's client was told already, and has to be told: when it is time
// for Drained, for a volume, and for Progress with the echo of a Ping. What
// Progress says is the session's to know.
//
// Thread: none of its own; Session serializes calls.
class ClientReports {
 public:
  explicit ClientReports(std::shared_ptr<PlayVolume> volume)
      : volume_(std::move(volume)) {}

  // Another call is told: it knows of no volume but 0 dB, nor of any Progress.
  void StartCall();
  // Its client does not know that this epoch and later ones were played.
  void TellAgain(uint64_t oldest_epoch) { drained_.TellAgain(oldest_epoch); }
  void AddDrained(const DrainedReport& report) { drained_.Add(report); }
  void AddPing(const PingReport& ping);

  std::optional<DrainedReport> TakeDrained() { return drained_.Take(); }
  std::optional<VolumeSetting> TakeVolume();
  // Makes `report` the Progress that is told, of `epoch` or of none, and adds
  // the echo to it.
  void TakeProgress(const Epoch* epoch, ProgressReport* report);

  // Of the epoch that the client sends; null: of none.
  bool Due(const Epoch* epoch, MonotonicTime now) const {
    return !drained_.empty() || VolumeDue() || ProgressDue(epoch, now);
  }
  bool ProgressDue(const Epoch* epoch, MonotonicTime now) const;

  size_t untold_drained() const { return drained_.untold(); }
  // The last one.
  const PingReport& ping() const { return ping_; }
  // The longest that a Ping of this call told of.
  std::chrono::nanoseconds worst_round_trip() const {
    return worst_round_trip_;
  }

 private:
  // Often enough for the client's clock, which is steered over minutes.
  static constexpr std::chrono::milliseconds kInterval{100};

  bool VolumeDue() const { return volume_->Get() != told_volume_; }

  const std::shared_ptr<PlayVolume> volume_;
  DrainedReports drained_;
  PingReport ping_;
  bool ping_waits_ = false;  // for its echo
  std::chrono::nanoseconds worst_round_trip_{0};
  VolumeSetting told_volume_;
  // Of the last Progress.
  std::optional<MonotonicTime> last_progress_;
  uint64_t last_epoch_ = 0;
  int64_t last_granted_ = 0;
  bool last_silent_ = false;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_CLIENT_REPORTS_H_
