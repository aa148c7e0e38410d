#include "device/sound/pcm_params.h"

namespace earshot {
namespace {

constexpr PcmFormat kFormats[] = {
    {kSndFormatS8, SampleFormat::kS8, "S8"},
    {kSndFormatU8, SampleFormat::kU8, "U8"},
    {kSndFormatS16, SampleFormat::kS16, "S16"},
    {kSndFormatU16, SampleFormat::kU16, "U16"},
    {kSndFormatS18In3, SampleFormat::kS18In3, "S18_3"},
    {kSndFormatU18In3, SampleFormat::kU18In3, "U18_3"},
    {kSndFormatS20In3, SampleFormat::kS20In3, "S20_3"},
    {kSndFormatU20In3, SampleFormat::kU20In3, "U20_3"},
    {kSndFormatS24In3, SampleFormat::kS24In3, "S24_3"},
    {kSndFormatU24In3, SampleFormat::kU24In3, "U24_3"},
    {kSndFormatS20, SampleFormat::kS20, "S20"},
    {kSndFormatU20, SampleFormat::kU20, "U20"},
    {kSndFormatS24, SampleFormat::kS24, "S24"},
    {kSndFormatU24, SampleFormat::kU24, "U24"},
    {kSndFormatS32, SampleFormat::kS32, "S32"},
    {kSndFormatU32, SampleFormat::kU32, "U32"},
    {kSndFormatFloat, SampleFormat::kFloat32, "FLOAT"},
    {kSndFormatFloat64, SampleFormat::kFloat64, "FLOAT64"},
};

constexpr PcmRate kRates[] = {
    {kSndRate8000, 8000},     {kSndRate11025, 11025},   {kSndRate12000, 12000},
    {kSndRate16000, 16000},   {kSndRate22050, 22050},   {kSndRate24000, 24000},
    {kSndRate32000, 32000},   {kSndRate44100, 44100},   {kSndRate48000, 48000},
    {kSndRate64000, 64000},   {kSndRate88200, 88200},   {kSndRate96000, 96000},
    {kSndRate176400, 176400}, {kSndRate192000, 192000},
};

constexpr SndChannelPosition kMono[] = {kSndMono};
constexpr SndChannelPosition kThree[] = {kSndFrontLeft, kSndFrontRight,
                                         kSndFrontCenter};
// Also the first ones of fewer channels.
constexpr SndChannelPosition kEight[] = {
    kSndFrontLeft,   kSndFrontRight,   kSndRearLeft, kSndRearRight,
    kSndFrontCenter, kSndLowFrequency, kSndSideLeft, kSndSideRight};
constexpr SndChannelPosition kSeven[] = {
    kSndFrontLeft,   kSndFrontRight,   kSndSideLeft,  kSndSideRight,
    kSndFrontCenter, kSndLowFrequency, kSndRearCenter};

// The entry of a code that is offered, or null.
template <typename Entry, size_t kCount>
const Entry* Find(const Entry (&table)[kCount], uint64_t offered,
                  uint8_t code) {
  for (const Entry& entry : table) {
    if (entry.code == code) {
      return (offered >> code & 1) != 0 ? &entry : nullptr;
    }
  }
  return nullptr;
}

}  // namespace

absl::Span<const PcmFormat> PcmFormats() { return kFormats; }

absl::Span<const PcmRate> PcmRates() { return kRates; }

SndPcmInfo OfferedPcmInfo(const PcmOffer& offer) {
  SndPcmInfo info{};
  info.features = offer.features;
  info.formats = offer.formats;
  info.rates = offer.rates;
  info.direction = kSndOutput;
  info.channels_min = 1;
  info.channels_max = static_cast<uint8_t>(offer.channels_max);
  return info;
}

absl::Span<const SndChannelPosition> UsualPositions(int channels) {
  switch (channels) {
    case 1:
      return kMono;
    case 3:
      return kThree;
    case 7:
      return kSeven;
    case 2:
    case 4:
    case 5:
    case 6:
    case 8:
      return absl::MakeConstSpan(kEight).first(channels);
    default:
      return {};
  }
}

std::vector<SndChmapInfo> OfferedChmapInfos(const PcmOffer& offer) {
  std::vector<SndChmapInfo> infos;
  for (int channels = 1; channels <= offer.channels_max; ++channels) {
    SndChmapInfo info{};
    info.direction = kSndOutput;
    for (SndChannelPosition position : UsualPositions(channels)) {
      info.positions[info.channels++] = position;
    }
    infos.push_back(info);
  }
  return infos;
}

SndStatus ParseSetParams(const SndPcmSetParams& request, const PcmOffer& offer,
                         PcmParams* params) {
  // 5.14.6.6.3.2: the buffer is a whole number of periods.
  if (request.buffer_bytes == 0 || request.period_bytes == 0 ||
      request.buffer_bytes % request.period_bytes != 0) {
    return SndStatus::kBadMsg;
  }
  // 5.14.6.6.3.2: what PCM_INFO did not offer must not be asked for.
  const PcmFormat* format = Find(kFormats, offer.formats, request.format);
  const PcmRate* rate = Find(kRates, offer.rates, request.rate);
  if ((request.features & ~offer.features) != 0 || format == nullptr ||
      rate == nullptr || request.channels < 1 ||
      request.channels > offer.channels_max) {
    return SndStatus::kNotSupp;
  }
  PcmParams parsed;
  parsed.format = format->format;
  parsed.rate_hz = rate->hz;
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
