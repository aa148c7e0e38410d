// Any bytes as packets, of one to eight channels and every rate: what is
// counted is what is decoded, and nothing crashes. The first byte chooses
// codec, channels and rate, the second how much of a packet is wanted and
// whether there is a pre-skip; then come packets, each behind its length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "bazel/fuzz_input.h"
#include "codec/packet_decoder.h"

namespace {

using earshot::MediaCodec;
using earshot::PacketDecoder;

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr int kRates[] = {48000, 8000, 12000, 16000, 24000, 44100};
  earshot::FuzzInput input(data, size);
  const uint8_t shape = input.Int();
  const uint8_t cut = input.Int();
  earshot::CodedFormat params;
  params.codec = shape & 1 ? MediaCodec::kPcmS16le : MediaCodec::kOpus;
  params.channels = 1 + (shape >> 1) % earshot::kMaxChannels;
  params.rate_hz = kRates[(shape >> 4) % 6];
  params.pre_skip_frames = cut & 0x80 ? 312 : 0;
  params.pre_roll_frames = cut & 0x40 ? 960 : 0;
  auto decoder = PacketDecoder::Create(params);
  if (!decoder.ok()) return 0;
  std::vector<float> pcm;
  int dropped = 0;  // pre-skip or pre-roll
  for (int i = 0; i < 8 && !input.empty(); ++i) {
    const std::string payload = input.Text(input.Int<uint16_t>() % 4096);
    const auto count = PacketDecoder::CountFrames(params.codec, params.rate_hz,
                                                  params.channels, payload);
    if (!count.ok()) {
      Check(!(*decoder)->Decode(payload, 1, &pcm).ok());
      continue;
    }
    // What the checks before the decoder let through: 120 ms.
    if (*count > params.rate_hz / 8) continue;
    const int drop = std::min(params.frames_to_drop_first() - dropped, *count);
    const int frames = std::max(0, *count - drop - (cut & 0x3f));
    if ((*decoder)->Decode(payload, frames, &pcm).ok()) {
      Check(pcm.size() == static_cast<size_t>(frames * params.channels));
      for (const float sample : pcm) Check(sample == sample);  // no NaN
    }
    dropped += drop;
    if (input.Seldom(8)) {
      (*decoder)->Restart();
      params.pre_roll_frames = 0;
      dropped = 0;
    }
  }
  return 0;
}
