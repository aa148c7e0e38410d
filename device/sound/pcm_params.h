#ifndef EARSHOT_DEVICE_SOUND_PCM_PARAMS_H_
#define EARSHOT_DEVICE_SOUND_PCM_PARAMS_H_

#include <cstdint>

#include "device/sound/pcm_output.h"
#include "device/sound/virtio_snd.h"

namespace earshot {

// What a playback stream offers, and the check of what a driver asks of it.
//
// Linux sizes its rings for the largest format, rate and channel count that is
// offered, whatever an application uses: so offer little.

inline constexpr int kRateHz = 48000;
inline constexpr int kMaxChannels = 2;
// The most sound of one stream that a guest may have queued or ask to have
// queued. Guests use a fraction of a second; this only bounds what a hostile
// one can make RELEASE write out.
inline constexpr int64_t kMaxQueuedFrames = 60 * int64_t{kRateHz};

// 5.14.6.6.2.1: the answer to PCM_INFO, the same for every stream.
SndPcmInfo OfferedPcmInfo();
// 5.14.6.9.1.1: the channel map of two channels.
SndChmapInfo OfferedChmapInfo();

// 5.14.6.6.3: BAD_MSG if the request makes no sense, NOT_SUPP if it asks for
// what is not offered. Fills `params` if it returns OK. The padding is ignored.
[[nodiscard]] SndStatus ParseSetParams(const SndPcmSetParams& request,
                                       PcmParams* params);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SOUND_PCM_PARAMS_H_
