// One second of 48 kHz stereo through the encoder, beside bare libopus at the
// same settings. Argument: complexity.
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "client/codec_options.h"
#include "client/opus_packet_encoder.h"
#include "client/packet_encoder.h"
#include "opus/opus.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kPacketFrames = 480;
constexpr int kMaxPayload = 1500;

// A chord with some noise: neither silent nor the cheapest thing to code.
std::vector<float> Second() {
  std::vector<float> pcm(kRate * kChannels);
  uint32_t noise = 1;
  for (int frame = 0; frame < kRate; ++frame) {
    for (int channel = 0; channel < kChannels; ++channel) {
      float sample = 0;
      for (const double hz : {220.0, 277.2, 329.6}) {
        sample +=
            0.2f * static_cast<float>(std::sin(2 * std::numbers::pi * hz *
                                               (channel + 1) * frame / kRate));
      }
      noise = noise * 1664525 + 1013904223;
      sample += 0.02f * (static_cast<float>(noise >> 8) / 8388608.0f - 1.0f);
      pcm[frame * kChannels + channel] = sample;
    }
  }
  return pcm;
}

void CountPackets(benchmark::State& state, int64_t packets) {
  state.counters["us_per_packet"] = benchmark::Counter(
      static_cast<double>(packets) * 1e-6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void FloorEncode(benchmark::State& state) {
  const std::vector<float> pcm = Second();
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
  const std::vector<float> pcm = Second();
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
