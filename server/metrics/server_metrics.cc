#include "server/metrics/server_metrics.h"

#include <chrono>
#include <iterator>
#include <map>

#include "metrics/certificate_expiry.h"
#include "metrics/families.h"
#include "server/metrics/stream_families.h"
#include "server/refusal.h"
#include "server/refusal_counts.h"

namespace earshot {
namespace {

using metrics::Counter;
using metrics::Family;
using metrics::Gauge;
using Families = std::vector<prometheus::MetricFamily>;

double D(int64_t count) { return static_cast<double>(count); }

// All reasons, those that never occurred too: a counter that begins with its
// first event hides it.
prometheus::MetricFamily Refusals() {
  Family refusals = Family::Counters(
      "earshot_server_refusals_total",
      "Requests that were refused and calls that were ended, by the reason "
      "that the client was told.");
  const RefusalCounts& counts = RefusalCounts::OfProcess();
  for (size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    refusals.Add(static_cast<double>(counts.of(reason)),
                 {{"reason", Describe(reason).name}});
  }
  return refusals.Take();
}

prometheus::MetricFamily States(const std::vector<StreamView>& views) {
  std::map<SessionState, int> counts;
  for (const StreamView& view : views) ++counts[view.stats.state];
  Family states = Family::Gauges("earshot_server_streams",
                                 "Streams that are open, by state.");
  for (const SessionState state :
       {SessionState::kIdle, SessionState::kPriming, SessionState::kPlaying,
        SessionState::kPaused, SessionState::kDraining}) {
    states.Add(counts[state], {{"state", StateName(state)}});
  }
  return states.Take();
}

void AddTotals(const StreamOverview& overview, Families& families) {
  const StreamTotals& total = overview.total;
  families.push_back(Counter("earshot_server_streams_opened_total",
                             "Streams that were opened.", D(overview.opened)));
  families.push_back(Counter("earshot_server_epochs_total",
                             "Epochs that streams began.", D(total.epochs)));
  families.push_back(Counter("earshot_server_resumes_total",
                             "Calls that went on where an earlier one of their "
                             "stream had ended.",
                             D(total.resumes)));
  families.push_back(Counter("earshot_server_played_frames_total",
                             "Frames that sinks consumed.",
                             D(total.played_frames)));
  families.push_back(Counter("earshot_server_packets_total",
                             "Packets that were taken.", D(total.packets)));
  families.push_back(Counter("earshot_server_payload_bytes_total",
                             "Bytes of the payloads of packets.",
                             D(total.payload_bytes)));
  const SkipCounts& skips = total.skip_reasons;
  families.push_back(
      Family::Counters("earshot_server_skipped_frames_total",
                       "Frames that clients declared as discarded, by reason.")
          .Add(D(skips.unspecified), {{"reason", "unspecified"}})
          .Add(D(skips.outage), {{"reason", "outage"}})
          .Add(D(skips.overflow), {{"reason", "overflow"}})
          .Add(D(skips.release), {{"reason", "release"}})
          .Take());
  const UnderrunCounts& causes = total.underruns;
  families.push_back(
      Family::Counters("earshot_server_underruns_total",
                       "How often sound ran out, by cause.")
          .Add(D(causes.network_late), {{"cause", "network_late"}})
          .Add(D(causes.source_starved), {{"cause", "source_starved"}})
          .Add(D(causes.outage), {{"cause", "outage"}})
          .Add(D(causes.server_overload), {{"cause", "server_overload"}})
          .Take());
}

}  // namespace

std::vector<prometheus::MetricFamily> ServerMetrics::Collect() const {
  Families families;
  families.push_back(Refusals());
  families.push_back(Gauge("earshot_server_draining",
                           "1 while it plays what it has and then exits.",
                           sources_.draining() ? 1 : 0));
  families.push_back(Gauge("earshot_server_overloaded",
                           "1 while it takes no new streams as it cannot keep "
                           "up.",
                           sources_.overloaded() ? 1 : 0));
  families.push_back(metrics::Histogram(
      "earshot_server_tick_lateness_seconds",
      "How late the ticks of the play-out threads began.",
      {TickLateness::kBounds.begin(), TickLateness::kBounds.end()},
      sources_.ticks->counts(), sources_.ticks->sum_seconds()));
  AddConnections(families);
  AddFiles(families);
  AddRecordings(families);
  AddStreams(families);
  return families;
}

void ServerMetrics::AddRecordings(Families& families) const {
  if (sources_.recordings == nullptr) return;
  const RecordingCounts counts = sources_.recordings();
  families.push_back(Gauge("earshot_server_recordings",
                           "Epochs that are being recorded.",
                           D(counts.active)));
  families.push_back(Gauge("earshot_server_recordings_stopped",
                           "Epochs that are played and no longer recorded, as "
                           "their recording failed.",
                           D(counts.stopped)));
  families.push_back(
      Family::Counters("earshot_server_recordings_total",
                       "Recordings that are over, by how they ended.")
          .Add(D(counts.complete), {{"result", "complete"}})
          .Add(D(counts.failed), {{"result", "failed"}})
          .Take());
}

void ServerMetrics::AddStreams(Families& families) const {
  const StreamOverview overview =
      sources_.streams->Overview(std::chrono::steady_clock::now());
  families.push_back(States(overview.open));
  families.push_back(Gauge("earshot_server_max_streams",
                           "How many streams there may be.",
                           sources_.max_streams()));
  AddTotals(overview, families);
  Families of_streams = StreamFamilies(overview.open);
  families.insert(families.end(), std::make_move_iterator(of_streams.begin()),
                  std::make_move_iterator(of_streams.end()));
}

void ServerMetrics::AddConnections(Families& families) const {
  const ConnectionCounts counts = sources_.connections();
  families.push_back(Gauge("earshot_server_connections",
                           "Connections that are open.",
                           static_cast<double>(counts.open)));
  families.push_back(Counter("earshot_server_connections_accepted_total",
                             "Connections that were taken.",
                             static_cast<double>(counts.accepted)));
  families.push_back(
      Family::Counters("earshot_server_connections_refused_total",
                       "Connections that were closed at once, by reason.")
          .Add(static_cast<double>(counts.too_many), {{"reason", "too_many"}})
          .Add(static_cast<double>(counts.too_many_of_peer),
               {{"reason", "too_many_of_peer"}})
          .Add(static_cast<double>(counts.system_errors),
               {{"reason", "system_error"}})
          .Take());
  families.push_back(Counter("earshot_server_connections_cut_total",
                             "Connections that were ended, for their clients "
                             "began calls without end.",
                             static_cast<double>(counts.cut)));
}

void ServerMetrics::AddFiles(Families& families) const {
  Family works = Family::Gauges("earshot_server_config_in_use",
                                "1 if what the file holds now is in use; 0 if "
                                "it is wrong, and what was before is in use.");
  Family loaded = Family::Gauges("earshot_server_config_load_timestamp_seconds",
                                 "When what is in use was read, in UNIX time.");
  for (const ConfigFileState& file : sources_.files()) {
    works.Add(file.error.empty() ? 1 : 0, {{"file", file.role}});
    loaded.Add(std::chrono::duration<double>(file.load_time.time_since_epoch())
                   .count(),
               {{"file", file.role}});
  }
  families.push_back(works.Take());
  families.push_back(loaded.Take());
  Family expiry =
      Family::Gauges("earshot_server_certificate_expiry_timestamp_seconds",
                     "When the first certificate of the file expires, in UNIX "
                     "time.");
  for (const auto& [role, path] : sources_.certificates) {
    const auto time = metrics::FirstExpiry(path);
    if (time.has_value()) expiry.Add(D(*time), {{"file", role}});
  }
  families.push_back(expiry.Take());
}

}  // namespace earshot
