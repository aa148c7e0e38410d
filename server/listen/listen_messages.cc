#include "server/listen/listen_messages.h"

#include <utility>

#include "proto/earshot/v1/listen.pb.h"

namespace earshot {
namespace {

int64_t Nanoseconds(MonotonicTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             time.time_since_epoch())
      .count();
}

ListenMessage ToBytes(const v1::ListenResponse& response) {
  return ListenMessage(response.SerializeAsString());
}

void Fill(const Played& played, v1::DuePacket* packet) {
  packet->set_first_frame(played.first_frame);
  packet->set_frame_count(static_cast<int32_t>(played.frame_count));
  packet->set_drop_frames(played.drop_frames);
  packet->set_restart(played.restart);
  packet->set_payload(played.payload);
  packet->set_due_time_ns(Nanoseconds(played.due));
}

void Fill(const EpochParams& params, v1::EpochStarted* epoch) {
  epoch->set_epoch(params.epoch);
  epoch->set_codec(params.codec == MediaCodec::kOpus ? v1::CODEC_OPUS
                                                     : v1::CODEC_PCM_S16LE);
  v1::PcmFormat& format = *epoch->mutable_format();
  format.set_rate_hz(params.rate_hz);
  format.set_channels(params.channels);
  for (const ChannelPosition position : params.positions) {
    format.add_positions(static_cast<v1::ChannelPosition>(position));
  }
}

}  // namespace

ListenMessage MessageOf(const Played& played) {
  v1::ListenResponse response;
  switch (played.kind) {
    case Played::Kind::kEpoch:
      Fill(played.params, response.mutable_epoch_started());
      break;
    case Played::Kind::kPacket:
      Fill(played, response.mutable_packet());
      break;
    case Played::Kind::kSilence:
      response.mutable_silence()->set_first_frame(played.first_frame);
      response.mutable_silence()->set_due_time_ns(Nanoseconds(played.due));
      break;
    case Played::Kind::kStandstill:
      response.mutable_standstill()->set_next_frame(played.first_frame);
      response.mutable_standstill()->set_due_time_ns(Nanoseconds(played.due));
      response.mutable_standstill()->set_state(
          static_cast<v1::StreamState>(played.state));
      break;
    case Played::Kind::kSkip:
      response.mutable_passed_over()->set_first_frame(played.first_frame);
      response.mutable_passed_over()->set_frame_count(played.frame_count);
      break;
    case Played::Kind::kEnd:
      response.mutable_epoch_ended()->set_epoch(played.params.epoch);
      response.mutable_epoch_ended()->set_end_frame(played.first_frame);
      break;
  }
  return ToBytes(response);
}

ListenMessage VolumeMessage(const VolumeSetting& volume) {
  v1::ListenResponse response;
  response.mutable_volume()->set_gain_db(volume.gain_db);
  response.mutable_volume()->set_mute(volume.mute);
  return ToBytes(response);
}

ListenMessage ClockMessage(SessionState state,
                           std::chrono::nanoseconds sink_latency,
                           MonotonicTime now) {
  v1::ListenResponse response;
  v1::PlaybackClock& clock = *response.mutable_clock();
  clock.set_server_time_ns(Nanoseconds(now));
  clock.set_state(static_cast<v1::StreamState>(state));
  clock.set_sink_latency_ms(static_cast<double>(sink_latency.count()) / 1e6);
  return ToBytes(response);
}

ListenMessage MovedForwardMessage(int64_t packets) {
  v1::ListenResponse response;
  response.mutable_moved_forward()->set_packets(packets);
  return ToBytes(response);
}

ListenMessage StreamClosedMessage(const std::string& reason) {
  v1::ListenResponse response;
  response.mutable_stream_closed()->set_reason(reason);
  return ToBytes(response);
}

}  // namespace earshot
