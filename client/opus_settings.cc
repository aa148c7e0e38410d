#include "client/opus_settings.h"

#include "absl/strings/str_cat.h"

namespace earshot {

bool IsOpusRate(int rate_hz) {
  switch (rate_hz) {
    case 8000:
    case 12000:
    case 16000:
    case 24000:
    case 48000:
      return true;
    default:
      return false;
  }
}

absl::Status CheckOpusOptions(const CodecOptions& options, int rate_hz) {
  if (!IsOpusRate(rate_hz)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Opus takes 8000, 12000, 16000, 24000 or 48000 Hz, not ", rate_hz));
  }
  switch (options.packet_us) {
    case 2500:
    case 5000:
    case 10000:
    case 20000:
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("a packet holds 2.5, 5, 10 or 20 ms, not ",
                       options.packet_us / 1000.0));
  }
  if (options.bitrate_bps != 0 &&
      (options.bitrate_bps < 6000 || options.bitrate_bps > 510000)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the bit rate is 6000 to 510000 b/s, or 0 for 64000 a "
                     "channel, not ",
                     options.bitrate_bps));
  }
  if (options.complexity < 0 || options.complexity > 10) {
    return absl::InvalidArgumentError(
        absl::StrCat("the complexity is 0 to 10, not ", options.complexity));
  }
  return absl::OkStatus();
}

int OpusBitrate(const CodecOptions& options, int channels) {
  return options.bitrate_bps != 0 ? options.bitrate_bps : 64000 * channels;
}

uint8_t EmptyOpusPacket(int frames, int rate_hz, bool stereo) {
  int config = 28;  // CELT, full band, 2.5 ms
  for (int size = rate_hz / 400; size < frames; size *= 2) ++config;
  return static_cast<uint8_t>(config << 3 | (stereo ? 4 : 0));
}

}  // namespace earshot
