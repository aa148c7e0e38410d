// Any bytes as a packet: what is counted is what is decoded, and nothing
// crashes. The first byte chooses codec, channels and frame_count.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/packet_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using earshot::MediaCodec;
  using earshot::PacketDecoder;
  if (size < 1) return 0;
  const MediaCodec codec =
      data[0] & 1 ? MediaCodec::kPcmS16le : MediaCodec::kOpus;
  const int channels = data[0] & 2 ? 2 : 1;
  const int less = data[0] >> 2;
  const absl::string_view payload(reinterpret_cast<const char*>(data + 1),
                                  size - 1);
  const auto count =
      PacketDecoder::CountFrames(codec, 48000, channels, payload);
  earshot::EpochParams params;
  params.codec = codec;
  params.channels = channels;
  auto decoder = PacketDecoder::Create(params);
  std::vector<float> pcm;
  if (!count.ok()) {
    if ((*decoder)->Decode(payload, 1, &pcm).ok()) std::abort();
    return 0;
  }
  for (int i = 0; i < 2; ++i) {  // a second time, with what the first left
    const int frames = *count > less ? *count - less : 0;
    const bool decoded = (*decoder)->Decode(payload, frames, &pcm).ok();
    if (decoded && pcm.size() != static_cast<size_t>(frames * channels)) {
      std::abort();
    }
  }
  return 0;
}
