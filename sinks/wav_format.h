#ifndef EARSHOT_SINKS_WAV_FORMAT_H_
#define EARSHOT_SINKS_WAV_FORMAT_H_

#include <cstdint>
#include <string>

#include "codec/channel_layout.h"

namespace earshot {

// Appends the lowest bytes of `value`, as RIFF has them.
void PutRiff(std::string* header, uint64_t value, int bytes);

// What the fmt chunk says of 16-bit PCM: WAVEFORMAT, or WAVEFORMATEXTENSIBLE
// for more than two channels.
std::string WavFormat(int rate_hz, const ChannelLayout& layout);

}  // namespace earshot

#endif  // EARSHOT_SINKS_WAV_FORMAT_H_
