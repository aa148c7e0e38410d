#ifndef EARSHOT_SINKS_PCM_FILE_H_
#define EARSHOT_SINKS_PCM_FILE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace earshot {

// A file of 16-bit PCM that is being written. Thread: one at a time.
class PcmFile {
 public:
  virtual ~PcmFile() = default;

  // Whole frames, interleaved in the order of WavChannels. After an error the
  // file ends with a frame that was written whole.
  virtual absl::Status Append(absl::Span<const int16_t> samples) = 0;
  // Makes the header say what the file holds, if it can be said before the end.
  virtual absl::Status UpdateHeader() = 0;
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_PCM_FILE_H_
