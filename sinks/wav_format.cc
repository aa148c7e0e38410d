#include "sinks/wav_format.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sinks/wav_channels.h"

namespace earshot {
namespace {

static_assert(std::endian::native == std::endian::little,
              "samples are written as they are in memory");

constexpr uint64_t kPcm = 1;              // WAVE_FORMAT_PCM
constexpr uint64_t kExtensible = 0xfffe;  // WAVE_FORMAT_EXTENSIBLE
constexpr uint64_t kSampleBits = 16;
// KSDATAFORMAT_SUBTYPE_PCM, of which the first two bytes are kPcm.
constexpr absl::string_view kRestOfSubformat(
    "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);

}  // namespace

void PutRiff(std::string* header, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    header->push_back(static_cast<char>(value >> (8 * i) & 0xff));
  }
}

std::string WavFormat(int rate_hz, const ChannelLayout& layout) {
  const auto rate = static_cast<uint64_t>(rate_hz);
  const uint64_t frame_bytes = layout.size() * sizeof(int16_t);
  const bool extensible = layout.size() > 2;
  std::string format;
  PutRiff(&format, extensible ? kExtensible : kPcm, 2);
  PutRiff(&format, layout.size(), 2);
  PutRiff(&format, rate, 4);
  PutRiff(&format, rate * frame_bytes, 4);
  PutRiff(&format, frame_bytes, 2);
  PutRiff(&format, kSampleBits, 2);
  if (!extensible) return format;
  PutRiff(&format, 22, 2);  // bytes to come
  PutRiff(&format, kSampleBits, 2);
  PutRiff(&format, WavChannelsOf(layout).mask, 4);
  PutRiff(&format, kPcm, 2);
  absl::StrAppend(&format, kRestOfSubformat);
  return format;
}

}  // namespace earshot
