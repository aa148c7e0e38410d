#include "server/stream_proto.h"

#include <chrono>
#include <cmath>
#include <string>

namespace earshot {
namespace {

// Milliseconds with microseconds, not with sixteen digits.
double Rounded(double ms) { return std::round(ms * 1000) / 1000; }

void Fill(const UnderrunCounts& counts, v1::UnderrunCauses* causes) {
  causes->set_network_late(counts.network_late);
  causes->set_source_starved(counts.source_starved);
  causes->set_outage(counts.outage);
  causes->set_server_overload(counts.server_overload);
}

void Fill(const SkipCounts& counts, v1::SkipReasons* reasons) {
  reasons->set_unspecified(counts.unspecified);
  reasons->set_outage(counts.outage);
  reasons->set_overflow(counts.overflow);
  reasons->set_release(counts.release);
}

void Fill(const MarginQuantiles& from, v1::MarginQuantiles* to) {
  to->set_min_ms(Rounded(Milliseconds(from.min)));
  to->set_p1_ms(Rounded(Milliseconds(from.p1)));
  to->set_p10_ms(Rounded(Milliseconds(from.p10)));
  to->set_p50_ms(Rounded(Milliseconds(from.p50)));
  to->set_p90_ms(Rounded(Milliseconds(from.p90)));
}

void FillLatency(const SessionStats& stats, v1::Stream* stream) {
  v1::LatencyChain& chain = *stream->mutable_latency();
  chain.set_client_ms(Rounded(stats.client_delay_ms));
  chain.set_network_ms(Rounded(stats.round_trip_ms / 2));
  chain.set_queued_ms(stream->queued_ms());
  chain.set_sink_ms(Rounded(stats.sink_latency_ms));
  chain.set_total_ms(Rounded(chain.client_ms() + chain.network_ms() +
                             chain.queued_ms() + chain.sink_ms()));
}

void FillEpoch(const EpochStats& stats, v1::Stream* stream) {
  const EpochParams& params = stats.params;
  stream->set_epoch(params.epoch);
  stream->mutable_format()->set_rate_hz(params.rate_hz);
  stream->mutable_format()->set_channels(params.channels);
  for (const ChannelPosition position : params.positions) {
    stream->mutable_format()->add_positions(
        static_cast<v1::ChannelPosition>(position));
  }
  stream->set_codec(params.codec == MediaCodec::kOpus ? v1::CODEC_OPUS
                                                      : v1::CODEC_PCM_S16LE);
  stream->set_guest_buffer_frames(params.guest_buffer_frames);
  stream->set_guest_period_frames(params.guest_period_frames);
  stream->set_guest_rate_hz(params.guest_rate_hz);
  stream->set_produced_frames(stats.produced_frames);
  stream->set_played_frames(stats.played_frames);
  stream->set_skipped_frames(stats.skipped_frames);
  stream->set_queued_frames(stats.queued_frames);
  stream->set_granted_frame(stats.granted_frame);
  stream->set_silence_frames(stats.silence_frames);
  stream->set_margin_ms(Rounded(stats.margin_ms));
  stream->set_queued_ms(Rounded(static_cast<double>(stats.queued_frames) *
                                1000 / static_cast<double>(params.rate_hz)));
  stream->set_underruns(stats.underruns.total());
  Fill(stats.underruns, stream->mutable_underrun_causes());
  stream->set_packets(stats.packets);
  stream->set_payload_bytes(stats.payload_bytes);
}

}  // namespace

v1::Stream ToProto(const StreamView& view) {
  v1::Stream stream;
  const StreamInfo& info = view.info;
  stream.set_name(info.name);
  stream.set_state(static_cast<v1::StreamState>(view.stats.state));
  stream.set_state_reason(view.stats.state_reason);
  stream.set_peer(info.peer);
  stream.set_principal(info.principal);
  for (const std::string& peer : info.peers) stream.add_peers(peer);
  stream.set_client(info.client);
  stream.mutable_labels()->insert(info.labels.begin(), info.labels.end());
  const auto since = info.open_time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  stream.mutable_open_time()->set_seconds(seconds.count());
  stream.mutable_open_time()->set_nanos(
      static_cast<int>(std::chrono::nanoseconds(since - seconds).count()));
  // Before the first epoch there is nothing to say of one.
  if (view.stats.total.epochs > 0) FillEpoch(view.stats.epoch, &stream);
  stream.set_sink(view.stats.sink);
  stream.set_recording(view.stats.recording);
  const SessionStats& stats = view.stats;
  stream.set_target_margin_ms(Rounded(stats.target_margin_ms));
  stream.set_target_margin_reason(stats.target_margin_reason);
  stream.set_sink_latency_ms(Rounded(stats.sink_latency_ms));
  stream.set_clock_ppm(Rounded(stats.clock_ppm));
  stream.set_round_trip_ms(Rounded(stats.round_trip_ms));
  stream.set_latency_ms(Rounded(stream.queued_ms() + stats.sink_latency_ms));
  FillLatency(stats, &stream);
  if (stats.margin_quantiles.has_value()) {
    Fill(*stats.margin_quantiles, stream.mutable_margin_quantiles());
  }
  stream.mutable_volume()->set_gain_db(stats.volume.gain_db);
  stream.mutable_volume()->set_mute(stats.volume.mute);
  stream.set_peak_dbfs(std::round(stats.peak_dbfs * 10) / 10);
  stream.set_listeners(static_cast<int32_t>(stats.listeners));
  stream.set_epochs_total(stats.total.epochs);
  stream.set_played_frames_total(stats.total.played_frames);
  stream.set_skipped_frames_total(stats.total.skipped_frames);
  stream.set_underruns_total(stats.total.underruns.total());
  Fill(stats.total.underruns, stream.mutable_underrun_causes_total());
  Fill(stats.total.skip_reasons, stream.mutable_skip_reasons_total());
  stream.set_resumes_total(stats.total.resumes);
  return stream;
}

}  // namespace earshot
