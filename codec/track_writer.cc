#include "codec/track_writer.h"

#include <algorithm>

namespace earshot {

absl::Status TrackWriter::Packet(const TrackPacket& packet) {
  absl::Status status = SilenceUntil(packet.first_frame);
  if (!status.ok()) return status;
  status = WritePacket(packet);
  position_ = packet.first_frame + packet.frame_count;
  return status;
}

absl::Status TrackWriter::Skip(int64_t first_frame, int64_t frame_count) {
  absl::Status status = SilenceUntil(first_frame);
  position_ = std::max(position_, first_frame + frame_count);
  return status;
}

absl::Status TrackWriter::End(int64_t end_frame) {
  absl::Status status = SilenceUntil(end_frame);
  return status.ok() ? Finish() : status;
}

absl::Status TrackWriter::SilenceUntil(int64_t frame) {
  if (frame <= position_) return absl::OkStatus();
  absl::Status status = WriteSilence(frame - position_);
  position_ = frame;
  return status;
}

}  // namespace earshot
