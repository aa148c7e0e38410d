#include "server/metrics/stream_families.h"

#include <optional>
#include <string>
#include <utility>

#include "metrics/families.h"
#include "proto/earshot/v1/admin.pb.h"
#include "server/stream_proto.h"

namespace earshot {
namespace {

using metrics::Family;
using metrics::Labels;

// A stream, in both of its forms.
struct Stream {
  const StreamView* view;
  v1::Stream proto;
};

// A figure of a stream, if it is known.
struct Figure {
  const char* name;
  const char* help;
  std::optional<double> (*value)(const Stream& stream);
};

std::optional<double> Known(double ms) {
  if (ms == 0) return std::nullopt;
  return ms / 1e3;
}

double D(int64_t count) { return static_cast<double>(count); }

constexpr Figure kCounters[] = {
    {"earshot_stream_epochs_total", "Epochs that the stream began.",
     [](const Stream& s) -> std::optional<double> {
       return D(s.proto.epochs_total());
     }},
    {"earshot_stream_resumes_total",
     "Calls that went on where an earlier one of the stream had ended.",
     [](const Stream& s) -> std::optional<double> {
       return D(s.proto.resumes_total());
     }},
    {"earshot_stream_played_frames_total",
     "Frames of the stream that its sink consumed.",
     [](const Stream& s) -> std::optional<double> {
       return D(s.proto.played_frames_total());
     }},
    {"earshot_stream_packets_total", "Packets that the stream took.",
     [](const Stream& s) -> std::optional<double> {
       return D(s.view->stats.total.packets);
     }},
    {"earshot_stream_payload_bytes_total",
     "Bytes of the payloads of the stream's packets.",
     [](const Stream& s) -> std::optional<double> {
       return D(s.view->stats.total.payload_bytes);
     }},
};

constexpr Figure kGauges[] = {
    {"earshot_stream_margin_seconds",
     "How long before their first frames are due packets arrive, on average.",
     [](const Stream& s) { return Known(s.proto.margin_ms()); }},
    {"earshot_stream_target_margin_seconds",
     "What the margin should be: it follows the network's delays.",
     [](const Stream& s) { return Known(s.proto.target_margin_ms()); }},
    {"earshot_stream_round_trip_seconds",
     "The round trip between client and server, as the client measures it.",
     [](const Stream& s) { return Known(s.proto.round_trip_ms()); }},
    {"earshot_stream_clock_drift_ratio",
     "By how much the client's clock runs faster than its nominal rate; 1e-6 "
     "is 1 ppm.",
     [](const Stream& s) -> std::optional<double> {
       return s.proto.clock_ppm() / 1e6;
     }},
    {"earshot_stream_queued_seconds", "The sound that the server holds.",
     [](const Stream& s) -> std::optional<double> {
       return s.proto.queued_ms() / 1e3;
     }},
    {"earshot_stream_listeners", "Those who listen to the stream.",
     [](const Stream& s) -> std::optional<double> {
       return static_cast<double>(s.view->stats.listeners);
     }},
    {"earshot_stream_lead_frames",
     "How far the client may send beyond what was received.",
     [](const Stream& s) -> std::optional<double> {
       const auto& p = s.proto;
       if (p.epochs_total() == 0) return std::nullopt;
       return D(p.granted_frame() - p.produced_frames());
     }},
};

Labels With(Labels labels, const char* name, std::string value) {
  labels.push_back({name, std::move(value)});
  return labels;
}

void AddReasons(const Stream& stream, const Labels& labels, Family& underruns,
                Family& skipped) {
  const v1::UnderrunCauses& causes = stream.proto.underrun_causes_total();
  underruns.Add(D(causes.network_late()), With(labels, "cause", "network_late"))
      .Add(D(causes.source_starved()), With(labels, "cause", "source_starved"))
      .Add(D(causes.outage()), With(labels, "cause", "outage"))
      .Add(D(causes.server_overload()),
           With(labels, "cause", "server_overload"));
  const v1::SkipReasons& reasons = stream.proto.skip_reasons_total();
  skipped.Add(D(reasons.unspecified()), With(labels, "reason", "unspecified"))
      .Add(D(reasons.outage()), With(labels, "reason", "outage"))
      .Add(D(reasons.overflow()), With(labels, "reason", "overflow"))
      .Add(D(reasons.release()), With(labels, "reason", "release"));
}

void AddDelays(const v1::Stream& stream, const Labels& labels, Family& latency,
               Family& margins) {
  if (stream.has_latency()) {
    const v1::LatencyChain& chain = stream.latency();
    latency.Add(chain.client_ms() / 1e3, With(labels, "stage", "client"))
        .Add(chain.network_ms() / 1e3, With(labels, "stage", "network"))
        .Add(chain.queued_ms() / 1e3, With(labels, "stage", "queued"))
        .Add(chain.sink_ms() / 1e3, With(labels, "stage", "sink"));
  }
  if (stream.has_margin_quantiles()) {
    const v1::MarginQuantiles& some = stream.margin_quantiles();
    margins.Add(some.min_ms() / 1e3, With(labels, "share", "0"))
        .Add(some.p1_ms() / 1e3, With(labels, "share", "0.01"))
        .Add(some.p10_ms() / 1e3, With(labels, "share", "0.1"))
        .Add(some.p50_ms() / 1e3, With(labels, "share", "0.5"))
        .Add(some.p90_ms() / 1e3, With(labels, "share", "0.9"));
  }
}

}  // namespace

const char* StateName(SessionState state) {
  switch (state) {
    case SessionState::kIdle:
      return "idle";
    case SessionState::kPriming:
      return "priming";
    case SessionState::kPlaying:
      return "playing";
    case SessionState::kPaused:
      return "paused";
    case SessionState::kDraining:
      return "draining";
    case SessionState::kClosed:
      return "closed";
  }
  return "unspecified";
}

std::vector<prometheus::MetricFamily> StreamFamilies(
    const std::vector<StreamView>& views) {
  std::vector<std::pair<Stream, Labels>> streams;
  streams.reserve(views.size());
  for (const StreamView& view : views) {
    streams.push_back({{&view, ToProto(view)},
                       {{"vm", view.info.vm}, {"stream", view.info.id}}});
  }
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](Family family, const Figure& figure) {
    for (const auto& [stream, labels] : streams) {
      const std::optional<double> value = figure.value(stream);
      if (value.has_value()) family.Add(*value, labels);
    }
    families.push_back(family.Take());
  };
  for (const Figure& figure : kCounters) {
    add(Family::Counters(figure.name, figure.help), figure);
  }
  for (const Figure& figure : kGauges) {
    add(Family::Gauges(figure.name, figure.help), figure);
  }
  Family states = Family::Gauges("earshot_stream_state",
                                 "What the stream is doing: 1 for that state.");
  Family underruns =
      Family::Counters("earshot_stream_underruns_total",
                       "How often the stream's sound ran out, by cause.");
  Family skipped = Family::Counters(
      "earshot_stream_skipped_frames_total",
      "Frames that the stream's client declared as discarded, by reason.");
  Family latency = Family::Gauges(
      "earshot_stream_latency_seconds",
      "The sound between guest and listener, by stage; they add up.");
  Family margins = Family::Gauges(
      "earshot_stream_margin_quantile_seconds",
      "Margins of the last 2 minutes: that share of packets came later.");
  for (const auto& [stream, labels] : streams) {
    states.Add(1, With(labels, "state", StateName(stream.view->stats.state)));
    AddReasons(stream, labels, underruns, skipped);
    AddDelays(stream.proto, labels, latency, margins);
  }
  for (Family* family : {&states, &underruns, &skipped, &latency, &margins}) {
    families.push_back(family->Take());
  }
  return families;
}

}  // namespace earshot
