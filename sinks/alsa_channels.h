#ifndef EARSHOT_SINKS_ALSA_CHANNELS_H_
#define EARSHOT_SINKS_ALSA_CHANNELS_H_

#include <alsa/asoundlib.h>

#include "codec/channel_layout.h"

namespace earshot {

// With how many channels a stream of `wanted` is best played: as many, else the
// next more that the PCM has, else the next fewer; 0 if there are none. A PCM
// that converts anything, such as "default", takes any number, and leaves out
// what its card has no loudspeakers for: so its channel maps count too.
unsigned AlsaChannels(snd_pcm_t* pcm, snd_pcm_hw_params_t* hw, unsigned wanted);

// Where the channels of a PCM stand that was configured: by its channel map, or
// in the usual order of ALSA if it has none.
ChannelLayout AlsaLayout(snd_pcm_t* pcm, unsigned channels);

}  // namespace earshot

#endif  // EARSHOT_SINKS_ALSA_CHANNELS_H_
