#ifndef EARSHOT_DEVICE_SAMPLE_CONVERSION_H_
#define EARSHOT_DEVICE_SAMPLE_CONVERSION_H_

#include <cstdint>

#include "absl/types/span.h"
#include "device/sound/pcm_output.h"

namespace earshot {

// Converts whole little-endian samples of a guest to floats in [-1, 1]; `bytes`
// holds just as many as `samples`.
// Up to 24 bits survive exactly; of 32 bits and of FLOAT64 the upper 24. What
// no loudspeaker can play is mended: floats are clamped, and those that are no
// number or no normal one become 0.
void ConvertToFloat(SampleFormat format, absl::Span<const uint8_t> bytes,
                    absl::Span<float> samples);

}  // namespace earshot

#endif  // EARSHOT_DEVICE_SAMPLE_CONVERSION_H_
