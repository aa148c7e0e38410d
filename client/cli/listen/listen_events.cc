#include "client/cli/listen/listen_events.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

constexpr int64_t kMostPosition = int64_t{1} << 52;

absl::Status Wrong(const char* what) {
  return absl::InternalError(
      absl::StrCat("the service says what makes no sense: ", what));
}

}  // namespace

absl::StatusOr<HeardEpoch> CheckEpoch(const v1::EpochStarted& started) {
  HeardEpoch heard;
  heard.epoch = started.epoch();
  heard.format.rate_hz = started.format().rate_hz();
  heard.format.channels = started.format().channels();
  if (heard.format.rate_hz < kMinRateHz || heard.format.rate_hz > kMaxRateHz ||
      heard.format.channels < 1 || heard.format.channels > kMaxChannels) {
    return Wrong("the format of an epoch");
  }
  if (started.codec() != v1::CODEC_OPUS &&
      started.codec() != v1::CODEC_PCM_S16LE) {
    return absl::UnimplementedError(
        "the stream's codec is not known here: a newer earshot may know it");
  }
  heard.format.codec = started.codec() == v1::CODEC_OPUS
                           ? MediaCodec::kOpus
                           : MediaCodec::kPcmS16le;
  const auto& positions = started.format().positions();
  if (positions.size() == heard.format.channels) {
    for (const int position : positions) {
      heard.format.positions.push_back(
          v1::ChannelPosition_IsValid(position)
              ? static_cast<ChannelPosition>(position)
              : ChannelPosition::kUnspecified);
    }
  }
  return heard;
}

absl::Status CheckPacket(const v1::DuePacket& packet) {
  // 120 ms of the highest rate.
  constexpr int kMost = kMaxRateHz / 1000 * kMaxPacketMs;
  const bool good =
      packet.first_frame() >= 0 && packet.first_frame() <= kMostPosition &&
      packet.frame_count() >= 0 && packet.frame_count() <= kMost &&
      packet.drop_frames() >= 0 && packet.drop_frames() <= kMost &&
      packet.payload().size() <= kMaxPayloadBytes;
  return good ? absl::OkStatus() : Wrong("a packet");
}

absl::Status ListenEvents::OnCall() {
  in_epoch_ = false;
  snapshot_time_ns_ = 0;
  stream_gaps_.OnBreak();
  return output_->OnCut();
}

absl::Status ListenEvents::OnResponse(const v1::ListenResponse& response,
                                      MonotonicTime now) {
  switch (response.event_case()) {
    case v1::ListenResponse::kEpochStarted: {
      const auto epoch = CheckEpoch(response.epoch_started());
      if (!epoch.ok()) return epoch.status();
      in_epoch_ = true;
      stream_gaps_.OnEpoch(epoch->format.rate_hz);
      return output_->OnEpoch(*epoch, now);
    }
    case v1::ListenResponse::kPacket:
      return OnPacket(response.packet(), now);
    case v1::ListenResponse::kSilence:
      stream_gaps_.OnBreak();
      output_->OnQuiet();
      break;
    case v1::ListenResponse::kStandstill:
      stream_gaps_.OnStandstill(response.standstill());
      output_->OnQuiet();
      break;
    case v1::ListenResponse::kPassedOver: {
      const v1::PassedOver& over = response.passed_over();
      if (over.first_frame() < 0 || over.first_frame() > kMostPosition ||
          over.frame_count() < 0 || over.frame_count() > kMostPosition) {
        return Wrong("what was passed over");
      }
      if (!in_epoch_) break;
      stream_gaps_.OnPassedOver();
      return output_->OnPassedOver(over);
    }
    case v1::ListenResponse::kEpochEnded:
      if (!in_epoch_) break;
      in_epoch_ = false;
      stream_gaps_.OnBreak();
      output_->OnQuiet();
      return output_->OnEpochEnded(response.epoch_ended());
    case v1::ListenResponse::kMovedForward:
      moved_packets_ +=
          std::max<int64_t>(0, response.moved_forward().packets());
      return OnCall();
    case v1::ListenResponse::kClock:
      state_ = response.clock().state();
      if (snapshot_time_ns_ == 0) {
        snapshot_time_ns_ = response.clock().server_time_ns();
      }
      break;
    case v1::ListenResponse::kVolume:
      output_->OnVolume(response.volume());
      break;
    case v1::ListenResponse::kStreamClosed:
      closed_ = true;
      close_reason_ = response.stream_closed().reason();
      break;
    case v1::ListenResponse::EVENT_NOT_SET:
      break;  // of a newer server
  }
  return absl::OkStatus();
}

absl::Status ListenEvents::OnPacket(const v1::DuePacket& packet,
                                    MonotonicTime now) {
  if (!in_epoch_) return Wrong("a packet of no epoch");
  if (absl::Status s = CheckPacket(packet); !s.ok()) return s;
  ++packets_;
  stream_gaps_.OnPacket(packet);
  return output_->OnPacket(packet, packet.due_time_ns() >= snapshot_time_ns_,
                           now);
}

}  // namespace earshot
