#include "device/sound/pcm_params.h"

namespace earshot {
namespace {

bool ParseFormat(uint8_t format, SampleFormat* out) {
  switch (format) {
    case kSndFormatS16:
      *out = SampleFormat::kS16;
      return true;
    case kSndFormatS32:
      *out = SampleFormat::kS32;
      return true;
    case kSndFormatFloat:
      *out = SampleFormat::kFloat32;
      return true;
    default:
      return false;
  }
}

}  // namespace

SndPcmInfo OfferedPcmInfo() {
  SndPcmInfo info{};
  info.formats = (uint64_t{1} << kSndFormatS16) |
                 (uint64_t{1} << kSndFormatS32) |
                 (uint64_t{1} << kSndFormatFloat);
  info.rates = uint64_t{1} << kSndRate48000;
  info.direction = kSndOutput;
  info.channels_min = 1;
  info.channels_max = kMaxChannels;
  return info;
}

SndChmapInfo OfferedChmapInfo() {
  SndChmapInfo info{};
  info.direction = kSndOutput;
  info.channels = 2;
  info.positions[0] = kSndFrontLeft;
  info.positions[1] = kSndFrontRight;
  return info;
}

SndStatus ParseSetParams(const SndPcmSetParams& request, PcmParams* params) {
  // 5.14.6.6.3.2: the buffer is a whole number of periods.
  if (request.buffer_bytes == 0 || request.period_bytes == 0 ||
      request.buffer_bytes % request.period_bytes != 0) {
    return SndStatus::kBadMsg;
  }
  PcmParams parsed;
  // 5.14.6.6.3.2: what PCM_INFO did not offer must not be asked for.
  if (request.features != 0 || request.rate != kSndRate48000 ||
      request.channels < 1 || request.channels > kMaxChannels ||
      !ParseFormat(request.format, &parsed.format)) {
    return SndStatus::kNotSupp;
  }
  parsed.rate_hz = kRateHz;
  parsed.channels = request.channels;
  // Frames are the unit of everything here.
  const uint32_t frame_bytes = static_cast<uint32_t>(FrameBytes(parsed));
  if (request.period_bytes % frame_bytes != 0 ||
      request.buffer_bytes / frame_bytes > kMaxQueuedFrames) {
    return SndStatus::kNotSupp;
  }
  parsed.buffer_frames = static_cast<int>(request.buffer_bytes / frame_bytes);
  parsed.period_frames = static_cast<int>(request.period_bytes / frame_bytes);
  *params = parsed;
  return SndStatus::kOk;
}

}  // namespace earshot
