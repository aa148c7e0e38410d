// One second of 44.1 kHz sound, resampled to 48 kHz and coded as Opus, beside
// bare soxr and libopus at the same settings and in the same pieces of 10 ms.
// Argument: channels.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "client/codec_options.h"
#include "client/encoder_factory.h"
#include "client/packet_encoder.h"
#include "client/rate_converter.h"
#include "opus/opus_multistream.h"
#include "soxr.h"
#include "tests/benchmark/chord.h"

namespace earshot {
namespace {

constexpr int kSourceRate = 44100;
constexpr int kRate = 48000;
constexpr int kPieceFrames = 441;
constexpr int kPacketFrames = 480;
constexpr int kMaxPayload = 8 * 1500;

// As much of the chord as there are channels.
std::vector<float> Chord(int channels) {
  const std::vector<float> stereo = MakeChord();
  std::vector<float> pcm;
  for (int frame = 0; frame < kSourceRate; ++frame) {
    for (int c = 0; c < channels; ++c) {
      pcm.push_back(stereo[2 * frame + c % 2] / static_cast<float>(1 + c / 2));
    }
  }
  return pcm;
}

void FloorResampleAndEncode(benchmark::State& state) {
  const int channels = static_cast<int>(state.range(0));
  const std::vector<float> pcm = Chord(channels);
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  soxr_quality_spec_t quality = soxr_quality_spec(SOXR_16_BITQ, 0);
  quality.passband_end = 0.9;
  quality.stopband_begin = 1.1;
  soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
  runtime.log2_min_dft_size = runtime.log2_large_dft_size = 8;
  soxr_t resampler =
      soxr_create(kSourceRate, kRate, static_cast<unsigned>(channels), nullptr,
                  &io, &quality, &runtime);
  int error = OPUS_OK;
  int streams = 0;
  int coupled = 0;
  unsigned char mapping[8];
  OpusMSEncoder* encoder = opus_multistream_surround_encoder_create(
      kRate, channels, 1, &streams, &coupled, mapping,
      OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  opus_multistream_encoder_ctl(encoder, OPUS_SET_BITRATE(64000 * channels));
  opus_multistream_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(10));
  std::vector<float> resampled(size_t{kRate} * channels);
  std::vector<uint8_t> payload(kMaxPayload);
  size_t waiting = 0;
  for (auto _ : state) {
    for (int frame = 0; frame < kSourceRate; frame += kPieceFrames) {
      size_t in = 0;
      size_t out = 0;
      soxr_process(resampler, pcm.data() + size_t{1} * frame * channels,
                   kPieceFrames, &in, resampled.data() + waiting * channels,
                   kRate - waiting, &out);
      waiting += out;
      size_t coded = 0;
      for (; coded + kPacketFrames <= waiting; coded += kPacketFrames) {
        benchmark::DoNotOptimize(opus_multistream_encode_float(
            encoder, resampled.data() + coded * channels, kPacketFrames,
            payload.data(), kMaxPayload));
      }
      std::copy(resampled.data() + coded * channels,
                resampled.data() + waiting * channels, resampled.data());
      waiting -= coded;
    }
  }
  opus_multistream_encoder_destroy(encoder);
  soxr_delete(resampler);
}
BENCHMARK(FloorResampleAndEncode)
    ->Arg(2)
    ->Arg(6)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);

class DroppingOutput : public PacketEncoder::Output {
 public:
  void OnPacket(const PacketEncoder::Packet& packet) override {
    benchmark::DoNotOptimize(packet.payload.data());
  }
  void OnSilence(int64_t) override {}
};

void ResampleAndEncode(benchmark::State& state) {
  const int channels = static_cast<int>(state.range(0));
  const std::vector<float> pcm = Chord(channels);
  auto converter = RateConverter::Create(kSourceRate, kRate, channels);
  auto encoder = CreatePacketEncoder(CodecOptions(), kRate, channels);
  if (!converter.ok() || !encoder.ok()) {
    state.SkipWithError("no converter or encoder");
    return;
  }
  (*encoder)->StartAt(0);
  DroppingOutput output;
  for (auto _ : state) {
    absl::Span<const float> rest = pcm;
    while (!rest.empty()) {
      const auto piece =
          rest.subspan(0, static_cast<size_t>(kPieceFrames) * channels);
      rest.remove_prefix(piece.size());
      (*converter)->Write(piece);
      (*encoder)->Encode((*converter)->Take((*converter)->ready_frames()),
                         output);
    }
  }
}
BENCHMARK(ResampleAndEncode)
    ->Arg(2)
    ->Arg(6)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace earshot
