#ifndef EARSHOT_DEVICE_SOUND_PCM_PARAMS_H_
#define EARSHOT_DEVICE_SOUND_PCM_PARAMS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "device/sound/pcm_output.h"
#include "device/sound/virtio_snd.h"

namespace earshot {

// What a playback stream offers, and the check of what a driver asks of it.

inline constexpr int kMostChannels = 8;

// What is offered of every stream. Linux sizes its rings for the largest
// format, rate and channel count that is offered, whatever an application uses:
// so the default is little.
struct PcmOffer {
  // Bits of SndPcmInfo: 1 << code, of codes in PcmFormats() and PcmRates().
  uint64_t formats = uint64_t{1} << kSndFormatS16 |
                     uint64_t{1} << kSndFormatS32 |
                     uint64_t{1} << kSndFormatFloat;
  uint64_t rates = uint64_t{1} << kSndRate48000;
  int channels_max = 2;   // 1 to kMostChannels
  uint32_t features = 0;  // bits of SndPcmInfo::features
};

// All that can be offered, in the order of the codes. Each of these formats
// converts without a loss to floats of 24 bits, but for what 32-bit integers
// and FLOAT64 have beyond that.
struct PcmFormat {
  SndFormat code;
  SampleFormat format;
  const char* name;  // as on a command line
};
absl::Span<const PcmFormat> PcmFormats();
// In the order of their height: 8000 to 192000 Hz.
struct PcmRate {
  SndRate code;
  int hz;
};
absl::Span<const PcmRate> PcmRates();

// The most sound of one stream that a guest may have queued or ask to have
// queued, in frames: a minute at 48 kHz. Linux asks for as many as fit into the
// ring that the largest format needs, however small a frame is: with all that
// can be offered, and its 160 ms, two million. This only bounds what a hostile
// guest can make RELEASE read and write out, 0.2 GB of its own memory at most.
inline constexpr int64_t kMaxQueuedFrames = 60 * int64_t{48000};

// 5.14.6.6.2.1: the answer to PCM_INFO, the same for every stream.
SndPcmInfo OfferedPcmInfo(const PcmOffer& offer);

// Where the loudspeakers of 1 to kMostChannels channels stand, in the order in
// which ALSA usually has them; empty for another count. These are the sets of
// RFC 7845, 5.1.1.2, so that Opus can carry them.
absl::Span<const SndChannelPosition> UsualPositions(int channels);
// 5.14.6.9.1.1: the channel maps of an offer, one for each channel count.
std::vector<SndChmapInfo> OfferedChmapInfos(const PcmOffer& offer);

// 5.14.6.6.3: BAD_MSG if the request makes no sense, NOT_SUPP if it asks for
// what is not offered. Fills `params` if it returns OK. The padding is ignored.
[[nodiscard]] SndStatus ParseSetParams(const SndPcmSetParams& request,
                                       const PcmOffer& offer,
                                       PcmParams* params);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_PCM_PARAMS_H_
