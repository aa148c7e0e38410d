#include "device/metrics/device_metrics.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "metrics/certificate_expiry.h"
#include "metrics/families.h"

namespace earshot {
namespace {

using metrics::Counter;
using metrics::Family;
using metrics::Gauge;
using metrics::Labels;

// Many times what the loop's longest task takes.
constexpr std::chrono::milliseconds kPatience{1000};

double D(int64_t count) { return static_cast<double>(count); }

std::optional<double> Whether(bool is) { return is ? 1 : 0; }

// A figure of a stream, if it is known.
struct Figure {
  const char* name;
  const char* help;
  std::optional<double> (*value)(const StreamFigures& stream);
};

constexpr Figure kCounters[] = {
    {"earshot_device_stream_epochs_total",
     "Epochs of the stream: each time that the guest prepares it.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.epochs);
     }},
    {"earshot_device_stream_produced_frames_total",
     "Frames that left the guest, as the service counts them.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.produced);
     }},
    {"earshot_device_stream_skipped_frames_total",
     "Frames that were discarded and never heard.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.skipped);
     }},
    {"earshot_device_stream_lost_frames_total",
     "Frames that were sent to a server that is gone; it may have played them.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.lost);
     }},
    {"earshot_device_stream_packets_total", "Packets that were coded.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.packets);
     }},
    {"earshot_device_stream_payload_bytes_total",
     "Bytes of the payloads of packets.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.payload_bytes);
     }},
    {"earshot_device_stream_free_runs_total",
     "How often the sound began to be discarded, as no service took it.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.free_runs);
     }},
    {"earshot_device_stream_stalled_seconds_total",
     "How long the guest's clock waited for the service.",
     [](const StreamFigures& s) -> std::optional<double> {
       return std::chrono::duration<double>(s.total.stalled).count();
     }},
    {"earshot_device_stream_calls_total",
     "Calls to the service that were opened.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.calls);
     }},
    {"earshot_device_stream_calls_resumed_total",
     "Calls that went on where the one before had ended.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.resumed);
     }},
    {"earshot_device_stream_calls_failed_total",
     "Calls to the service that were lost, or could not be opened.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.total.calls_failed);
     }},
    {"earshot_device_stream_guest_underflows_total",
     "How often the guest came late with its sound.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.guest.underflows);
     }},
    {"earshot_device_stream_guest_buffers_failed_total",
     "Buffers of the guest that were answered with an error.",
     [](const StreamFigures& s) -> std::optional<double> {
       return D(s.guest.buffers_failed);
     }},
};

constexpr Figure kGauges[] = {
    {"earshot_device_stream_connected",
     "1 while the stream is open at the service.",
     [](const StreamFigures& s) { return Whether(s.player.connected); }},
    {"earshot_device_stream_going_away",
     "1 while the server wants the stream to go elsewhere.",
     [](const StreamFigures& s) { return Whether(s.player.going_away); }},
    {"earshot_device_stream_free_run", "1 while the sound is discarded.",
     [](const StreamFigures& s) { return Whether(s.player.free_run); }},
    {"earshot_device_stream_guest_running", "1 while the guest plays.",
     [](const StreamFigures& s) {
       return Whether(s.state == PcmStream::State::kRunning);
     }},
    {"earshot_device_stream_clock_drift_ratio",
     "By how much the stream's clock runs faster than its nominal rate; 1e-6 "
     "is 1 ppm.",
     [](const StreamFigures& s) -> std::optional<double> {
       return s.player.clock_ppm / 1e6;
     }},
    {"earshot_device_stream_delay_seconds",
     "How long after the guest's clock its sound is heard.",
     [](const StreamFigures& s) -> std::optional<double> {
       if (!s.player.connected) return std::nullopt;
       return s.delay_seconds;
     }},
    {"earshot_device_stream_lead_frames",
     "How far the service lets the stream go beyond what was produced.",
     [](const StreamFigures& s) -> std::optional<double> {
       if (!s.player.connected || s.player.rate_hz == 0) return std::nullopt;
       return D(s.player.granted - s.player.produced);
     }},
    {"earshot_device_stream_round_trip_seconds",
     "The round trip between the device and the server.",
     [](const StreamFigures& s) -> std::optional<double> {
       if (!s.player.round_trip.has_value()) return std::nullopt;
       return std::chrono::duration<double>(*s.player.round_trip).count();
     }},
    {"earshot_device_stream_target_margin_seconds",
     "How long before they are due the server wants packets to arrive.",
     [](const StreamFigures& s) -> std::optional<double> {
       if (!s.player.connected || s.player.target_margin_us == 0) {
         return std::nullopt;
       }
       return D(s.player.target_margin_us) / 1e6;
     }},
    {"earshot_device_stream_margin_seconds",
     "How long before they are due packets arrive, as the server said last.",
     [](const StreamFigures& s) -> std::optional<double> {
       if (!s.player.connected || !s.player.margin_error_us.has_value()) {
         return std::nullopt;
       }
       return D(s.player.target_margin_us + *s.player.margin_error_us) / 1e6;
     }},
};

std::vector<prometheus::MetricFamily> VmmFamilies(
    const DeviceFigures& figures) {
  const SoundDevice::Stats& sound = figures.sound;
  return {
      Gauge("earshot_device_vmm_connected", "1 while a VMM is there.",
            figures.vmm_connected ? 1 : 0),
      Counter("earshot_device_vmm_sessions_total", "VMMs that came.",
              D(figures.vmm.connections)),
      Counter("earshot_device_vmm_protocol_errors_total",
              "VMMs that were let go as they did not speak vhost-user.",
              D(figures.vmm.protocol_errors)),
      Counter("earshot_device_vmm_refused_total",
              "VMMs that came while another one was there.",
              D(figures.vmm.refused_connections)),
      Counter("earshot_device_control_requests_total",
              "Control requests of the guest.", D(sound.control_requests)),
      Family::Counters("earshot_device_guest_errors_total",
                       "What of the guest's was refused, by kind.")
          .Add(D(sound.control_refused), {{"kind", "control"}})
          .Add(D(sound.malformed_chains), {{"kind", "chain"}})
          .Add(D(sound.tx_refused), {{"kind", "tx"}})
          .Add(D(sound.rx_refused), {{"kind", "rx"}})
          .Take(),
  };
}

}  // namespace

DeviceMetrics::DeviceMetrics(
    std::string vm, boost::asio::io_context* loop,
    std::function<DeviceFigures()> read,
    std::vector<std::pair<std::string, std::string>> certificates)
    : vm_(std::move(vm)),
      certificates_(std::move(certificates)),
      loop_(loop, std::move(read)) {}

std::vector<prometheus::MetricFamily> DeviceMetrics::Collect() const {
  const std::optional<DeviceFigures> figures = loop_.Read(kPatience);
  Families families;
  families.push_back(Gauge("earshot_device_loop_responds",
                           "1 if the device's loop answered within a second; "
                           "if it is 0, nothing else is known.",
                           figures.has_value() ? 1 : 0));
  Family expiry =
      Family::Gauges("earshot_device_certificate_expiry_timestamp_seconds",
                     "When the first certificate of the file expires, in UNIX "
                     "time.");
  for (const auto& [role, path] : certificates_) {
    const auto time = metrics::FirstExpiry(path);
    if (time.has_value()) expiry.Add(D(*time), {{"file", role}});
  }
  families.push_back(expiry.Take());
  if (!figures.has_value()) return families;
  for (auto& family : VmmFamilies(*figures)) {
    families.push_back(std::move(family));
  }
  AddStreams(*figures, families);
  return families;
}

void DeviceMetrics::AddStreams(const DeviceFigures& figures,
                               Families& families) const {
  const std::vector<StreamFigures>& streams = figures.streams;
  const auto labels = [this](size_t id) {
    return Labels{{"vm", vm_}, {"stream", std::to_string(id)}};
  };
  const auto add = [&](Family family, const Figure& figure) {
    for (size_t id = 0; id < streams.size(); ++id) {
      const std::optional<double> value = figure.value(streams[id]);
      if (value.has_value()) family.Add(*value, labels(id));
    }
    families.push_back(family.Take());
  };
  for (const Figure& figure : kCounters) {
    add(Family::Counters(figure.name, figure.help), figure);
  }
  for (const Figure& figure : kGauges) {
    add(Family::Gauges(figure.name, figure.help), figure);
  }
  Family played = Family::Counters("earshot_device_stream_played_frames_total",
                                   "Frames that the service played.");
  played_.resize(std::max(played_.size(), streams.size()));
  for (size_t id = 0; id < streams.size(); ++id) {
    const PlayerTotals& total = streams[id].total;
    played_[id] =
        std::max(played_[id], total.passed - total.skipped - total.lost);
    played.Add(D(played_[id]), labels(id));
  }
  families.push_back(played.Take());
  Family jacks = Family::Gauges("earshot_device_stream_jack_connected",
                                "1 while the guest sees its jack plugged in.");
  for (size_t id = 0; id < figures.jacks.size(); ++id) {
    jacks.Add(figures.jacks[id] ? 1 : 0, labels(id));
  }
  families.push_back(jacks.Take());
}

}  // namespace earshot
