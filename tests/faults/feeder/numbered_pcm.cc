#include "tests/faults/feeder/numbered_pcm.h"

namespace earshot {

void FillWithNumbers(size_t offset, absl::Span<uint8_t> bytes) {
  uint64_t number = offset / kNumberedFrameBytes;
  for (size_t at = 0; at + kNumberedFrameBytes <= bytes.size();
       at += kNumberedFrameBytes, ++number) {
    const uint64_t right = number / 65536 + 1;
    bytes[at] = static_cast<uint8_t>(number);
    bytes[at + 1] = static_cast<uint8_t>(number >> 8);
    bytes[at + 2] = static_cast<uint8_t>(right);
    bytes[at + 3] = static_cast<uint8_t>(right >> 8);
  }
}

}  // namespace earshot
