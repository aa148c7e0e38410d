#include "server/play_responses.h"

#include <chrono>

namespace earshot {
namespace {

int64_t Microseconds(std::chrono::nanoseconds duration) {
  return duration.count() / 1000;
}

}  // namespace

v1::Opened ToProto(const Attachment& attachment, const std::string& token,
                   const PlayoutConfig& config) {
  v1::Opened opened;
  opened.set_resume_token(token);
  opened.set_resumed(attachment.resumed);
  opened.set_received_epoch(attachment.received_epoch);
  opened.set_received_frame(attachment.received_frame);
  opened.set_received_end(attachment.received_end);
  v1::Limits& limits = *opened.mutable_limits();
  limits.set_initial_window_ms(static_cast<int>(config.initial_window.count()));
  limits.set_max_payload_bytes(kMaxPayloadBytes);
  limits.add_codecs(v1::CODEC_OPUS);
  limits.add_codecs(v1::CODEC_PCM_S16LE);
  limits.set_max_channels(kMaxChannels);
  return opened;
}

v1::Progress ToProto(const ProgressReport& report) {
  v1::Progress progress;
  progress.set_epoch(report.epoch);
  progress.set_granted_frame(report.granted_frame);
  progress.set_received_frame(report.received_frame);
  progress.set_played_frame(report.played_frame);
  progress.set_server_time_ns(
      std::chrono::nanoseconds(report.time.time_since_epoch()).count());
  progress.set_target_margin_us(Microseconds(report.target_margin));
  progress.set_sink_latency_us(Microseconds(report.sink_latency));
  if (report.margin_error.has_value()) {
    progress.set_margin_error_us(Microseconds(*report.margin_error));
  }
  if (report.ping_id.has_value()) progress.set_ping_id(*report.ping_id);
  return progress;
}

v1::Drained ToProto(const DrainedReport& report) {
  v1::Drained drained;
  drained.set_epoch(report.epoch);
  drained.set_played_frame(report.played_frame);
  return drained;
}

v1::Volume ToProto(const VolumeSetting& setting) {
  v1::Volume volume;
  volume.set_gain_db(setting.gain_db);
  volume.set_mute(setting.mute);
  return volume;
}

}  // namespace earshot
