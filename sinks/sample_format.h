#ifndef EARSHOT_SINKS_SAMPLE_FORMAT_H_
#define EARSHOT_SINKS_SAMPLE_FORMAT_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace earshot {

// The inverse of S16 to float, exact for what came from S16.
inline int16_t ToS16(float sample) {
  if (std::isnan(sample)) return 0;  // undefined in lrint
  const float scaled = std::clamp(sample * 32768.0f, -32768.0f, 32767.0f);
  return static_cast<int16_t>(std::lrint(scaled));
}

}  // namespace earshot

#endif  // EARSHOT_SINKS_SAMPLE_FORMAT_H_
