// One second of 48 kHz stereo S16 from the TX ring to coded packets, in virtual
// time. The floor is bare libopus. Argument: the guest's period in frames.
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "opus/opus.h"
#include "tests/benchmark/chord.h"
#include "tests/benchmark/device/device_path.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kPacketFrames = 480;
constexpr int kComplexity = 10;

void DevicePathSecond(benchmark::State& state) {
  auto path = DevicePath::Create(kComplexity, static_cast<int>(state.range(0)));
  if (!path.ok()) {
    state.SkipWithError(path.status().ToString().c_str());
    return;
  }
  for (auto _ : state) (*path)->Play(kRate);
  state.counters["us_per_packet"] = benchmark::Counter(
      static_cast<double>((*path)->packets()) * 1e-6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(DevicePathSecond)
    ->Name("DevicePath")
    ->Arg(128)
    ->Arg(480)
    ->Unit(benchmark::kMicrosecond);

void FloorDevicePath(benchmark::State& state) {
  const std::vector<float> pcm = MakeChord();
  int error = OPUS_OK;
  OpusEncoder* encoder = opus_encoder_create(
      kRate, kChannels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(128000));
  opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(kComplexity));
  std::vector<uint8_t> payload(1500);
  for (auto _ : state) {
    for (int frame = 0; frame < kRate; frame += kPacketFrames) {
      benchmark::DoNotOptimize(
          opus_encode_float(encoder, pcm.data() + frame * kChannels,
                            kPacketFrames, payload.data(), 1500));
    }
  }
  opus_encoder_destroy(encoder);
}
BENCHMARK(FloorDevicePath)->Arg(128)->Arg(480)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace earshot
