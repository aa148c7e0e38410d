// One second of 48 kHz stereo through the encoder, beside bare libopus at the
// same settings. Argument: complexity.
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "client/codec_options.h"
#include "client/opus_packet_encoder.h"
#include "client/packet_encoder.h"
#include "opus/opus.h"
#include "tests/benchmark/chord.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kPacketFrames = 480;
constexpr int kMaxPayload = 1500;

void CountPackets(benchmark::State& state, int64_t packets) {
  state.counters["us_per_packet"] = benchmark::Counter(
      static_cast<double>(packets) * 1e-6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void FloorEncode(benchmark::State& state) {
  const std::vector<float> pcm = MakeChord();
  int error = OPUS_OK;
  OpusEncoder* encoder = opus_encoder_create(
      kRate, kChannels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(128000));
  opus_encoder_ctl(encoder,
                   OPUS_SET_COMPLEXITY(static_cast<int>(state.range(0))));
  std::vector<uint8_t> payload(kMaxPayload);
  int64_t packets = 0;
  for (auto _ : state) {
    for (int frame = 0; frame < kRate; frame += kPacketFrames) {
      benchmark::DoNotOptimize(
          opus_encode_float(encoder, pcm.data() + frame * kChannels,
                            kPacketFrames, payload.data(), kMaxPayload));
      ++packets;
    }
  }
  opus_encoder_destroy(encoder);
  CountPackets(state, packets);
}
BENCHMARK(FloorEncode)->Arg(5)->Arg(10)->Unit(benchmark::kMicrosecond);

class CountingOutput : public PacketEncoder::Output {
 public:
  void OnPacket(const PacketEncoder::Packet& packet) override {
    benchmark::DoNotOptimize(packet.payload.data());
    ++packets;
  }
  void OnSilence(int64_t) override {}

  int64_t packets = 0;
};

void Encode(benchmark::State& state) {
  const std::vector<float> pcm = MakeChord();
  CodecOptions options;
  options.complexity = static_cast<int>(state.range(0));
  auto encoder = OpusPacketEncoder::Create(options, kRate, kChannels);
  if (!encoder.ok()) {
    state.SkipWithError(encoder.status().ToString().c_str());
    return;
  }
  (*encoder)->StartAt(0);
  CountingOutput output;
  for (auto _ : state) {
    (*encoder)->Encode(pcm, output);
  }
  CountPackets(state, output.packets);
}
BENCHMARK(Encode)->Arg(5)->Arg(10)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace earshot
