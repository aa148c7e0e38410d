// One second of 48 kHz stereo S16 from the TX ring to coded packets: driver's
// ring, sound device, sample conversion, encoder; no network, virtual time. The
// floor is bare libopus. Argument: the guest's period in frames.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "benchmark/benchmark.h"
#include "client/opus_packet_encoder.h"
#include "client/packet_encoder.h"
#include "device/sample_conversion.h"
#include "device/sound/fake_sound_driver.h"
#include "device/sound/pcm_output.h"
#include "device/sound/sound_device.h"
#include "opus/opus.h"
#include "tests/benchmark/chord.h"

namespace earshot {
namespace {

using std::chrono::nanoseconds;

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kFrameBytes = kChannels * 2;
constexpr int kPacketFrames = 480;
constexpr int kComplexity = 10;

// A PcmOutput whose far end is the encoder alone.
class EncodingOutput : public PcmOutput, private PacketEncoder::Output {
 public:
  explicit EncodingOutput(std::unique_ptr<PacketEncoder> encoder)
      : encoder_(std::move(encoder)) {}

  int64_t packets() const { return packets_; }

  void Prepare(const PcmParams& params, MonotonicTime) override {
    params_ = params;
    written_ = 0;
    encoder_->StartAt(0);
  }
  void Start(MonotonicTime now) override { start_ = now; }
  void Stop(MonotonicTime) override {}
  int64_t DuePosition(int64_t queued_end, MonotonicTime now) override {
    const int64_t clock = (now - start_).count() * 3 / 62500;
    return std::max(written_, std::min(clock, queued_end));
  }
  MonotonicTime NextDue(int64_t head_end, MonotonicTime) const override {
    const int64_t next = std::min(head_end, encoder_->next_packet_input());
    return start_ + nanoseconds((next * 62500 + 2) / 3);
  }
  void Write(absl::Span<const uint8_t> frames, MonotonicTime) override {
    samples_.resize(frames.size() / 2);
    ConvertToFloat(params_.format, frames, absl::MakeSpan(samples_));
    written_ += static_cast<int64_t>(samples_.size()) / kChannels;
    encoder_->Encode(samples_, *this);
  }
  bool IsConnected() const override { return true; }
  void SetVolume(const StreamVolume&, MonotonicTime) override {}
  StreamVolume volume() const override { return {}; }
  int64_t DelayFrames(MonotonicTime) const override { return 0; }
  void Release(MonotonicTime) override {}

 private:
  void OnPacket(const PacketEncoder::Packet& packet) override {
    benchmark::DoNotOptimize(packet.payload.data());
    ++packets_;
  }
  void OnSilence(int64_t) override {}

  const std::unique_ptr<PacketEncoder> encoder_;
  PcmParams params_;
  std::vector<float> samples_;
  MonotonicTime start_;
  int64_t written_ = 0;
  int64_t packets_ = 0;
};

std::vector<uint8_t> ChordBytes() {
  std::vector<uint8_t> bytes;
  for (const float sample : MakeChord()) {
    const auto value = static_cast<int16_t>(std::lrint(sample * 32767));
    bytes.push_back(static_cast<uint8_t>(value & 0xff));
    bytes.push_back(static_cast<uint8_t>((value >> 8) & 0xff));
  }
  return bytes;
}

void DevicePath(benchmark::State& state) {
  const auto period_frames = static_cast<int>(state.range(0));
  const int period_bytes = period_frames * kFrameBytes;
  constexpr int kPeriods = 4;
  auto encoder =
      OpusPacketEncoder::Create({.complexity = kComplexity}, kRate, kChannels);
  if (!encoder.ok()) {
    state.SkipWithError(encoder.status().ToString().c_str());
    return;
  }
  EncodingOutput output(*std::move(encoder));
  SoundDevice device({&output});
  FakeSoundDriver driver(&device);
  const std::vector<uint8_t> sound = ChordBytes();
  driver.SetParams(0, kPeriods * period_bytes, period_bytes);
  driver.Command(kSndPcmPrepare, 0);
  size_t at = 0;
  const auto send = [&] {
    if (at + period_bytes > sound.size()) at = 0;
    driver.SendTx(0, absl::MakeConstSpan(sound).subspan(at, period_bytes),
                  4096);
    at += period_bytes;
  };
  for (int i = 0; i < kPeriods; ++i) send();
  driver.Command(kSndPcmStart, 0);
  const nanoseconds period(int64_t{period_frames} * 1000000000 / kRate);
  for (auto _ : state) {
    for (int frame = 0; frame < kRate; frame += period_frames) {
      driver.Advance(period);
      for (size_t i = driver.CollectTx().size(); i > 0; --i) send();
    }
  }
  state.counters["us_per_packet"] = benchmark::Counter(
      static_cast<double>(output.packets()) * 1e-6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(DevicePath)->Arg(128)->Arg(480)->Unit(benchmark::kMicrosecond);

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
