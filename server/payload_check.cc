#include "server/payload_check.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "codec/packet_decoder.h"

namespace earshot {

Refusal CheckPayload(const EpochParams& params, int left_to_drop,
                     int64_t frame_count, const std::string& payload,
                     int* decoded) {
  if (payload.size() > static_cast<size_t>(kMaxPayloadBytes)) {
    return {Reason::kPayloadTooLarge, "packet.payload",
            absl::StrCat(payload.size(), " bytes; at most ", kMaxPayloadBytes,
                         " are allowed")};
  }
  const absl::StatusOr<int> count = PacketDecoder::CountFrames(
      params.codec, params.rate_hz, params.channels, payload);
  if (!count.ok()) {
    return {Reason::kBadPayload, "packet.payload",
            std::string(count.status().message())};
  }
  *decoded = *count;
  const int most = std::max(0, *count - left_to_drop);
  // A packet of nothing but pre-skip holds no frames of the stream.
  const int least = most == 0 ? 0 : 1;
  if (frame_count < least || frame_count > most ||
      frame_count * 1000 > int64_t{kMaxPacketMs} * params.rate_hz) {
    return {
        Reason::kBadFrameCount, "packet.frame_count",
        absl::StrCat(frame_count, " frames, but the payload holds ", least,
                     " to ", most, ", and ", kMaxPacketMs, " ms are the most")};
  }
  return Refusal::None();
}

}  // namespace earshot
