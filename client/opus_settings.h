#ifndef EARSHOT_CLIENT_OPUS_SETTINGS_H_
#define EARSHOT_CLIENT_OPUS_SETTINGS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "client/codec_options.h"

namespace earshot {

// What is the same for Opus of every number of channels.

// The largest packet of one Opus frame: a byte before 1275 (RFC 6716, 3.2.1).
inline constexpr int kMaxOpusFrameBytes = 1276;

// How long the decoder's output takes to die away under zeros. What lasts is
// the encoder's own filter against DC (3 Hz): measured to half a step of 16
// bits, 290 ms after a sine, 340 ms after noise, 450 ms after a cut at full
// scale; a full-scale DC takes 590 ms.
inline constexpr int kOpusHangoverUs = 600000;

// 8, 12, 16, 24 and 48 kHz.
bool IsOpusRate(int rate_hz);

// INVALID_ARGUMENT says what is allowed.
absl::Status CheckOpusOptions(const CodecOptions& options, int rate_hz);

// In bits per second.
int OpusBitrate(const CodecOptions& options, int channels);

// "Nothing was sent for this block": a table-of-contents byte alone (RFC 6716,
// 3.1), which a decoder conceals.
uint8_t EmptyOpusPacket(int frames, int rate_hz, bool stereo);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_OPUS_SETTINGS_H_
