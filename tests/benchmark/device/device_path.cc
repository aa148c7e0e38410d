#include "tests/benchmark/device/device_path.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/types/span.h"
#include "client/opus_packet_encoder.h"
#include "device/sample_conversion.h"
#include "tests/benchmark/chord.h"

namespace earshot {
namespace {

using std::chrono::nanoseconds;

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kFrameBytes = kChannels * 2;
constexpr int kPeriods = 4;

std::vector<uint8_t> ChordBytes() {
  const std::vector<int16_t> samples = MakeChordS16();
  std::vector<uint8_t> bytes(samples.size() * sizeof(int16_t));
  std::memcpy(bytes.data(), samples.data(), bytes.size());
  return bytes;
}

}  // namespace

// A PcmOutput whose far end is the encoder alone.
class DevicePath::Output : public PcmOutput, private PacketEncoder::Output {
 public:
  explicit Output(std::unique_ptr<PacketEncoder> encoder)
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
  void OnPacket(const PacketEncoder::Packet&) override { ++packets_; }
  void OnSilence(int64_t) override {}

  const std::unique_ptr<PacketEncoder> encoder_;
  PcmParams params_;
  std::vector<float> samples_;
  MonotonicTime start_;
  int64_t written_ = 0;
  int64_t packets_ = 0;
};

absl::StatusOr<std::unique_ptr<DevicePath>> DevicePath::Create(
    int complexity, int period_frames) {
  auto encoder =
      OpusPacketEncoder::Create({.complexity = complexity}, kRate, kChannels);
  if (!encoder.ok()) return encoder.status();
  return std::unique_ptr<DevicePath>(
      new DevicePath(*std::move(encoder), period_frames));
}

DevicePath::DevicePath(std::unique_ptr<PacketEncoder> encoder,
                       int period_frames)
    : period_frames_(period_frames),
      sound_(ChordBytes()),
      output_(std::make_unique<Output>(std::move(encoder))),
      device_({output_.get()}),
      driver_(&device_) {
  const int period_bytes = period_frames_ * kFrameBytes;
  driver_.SetParams(0, kPeriods * period_bytes, period_bytes);
  driver_.Command(kSndPcmPrepare, 0);
  for (int i = 0; i < kPeriods; ++i) Send();
  driver_.Command(kSndPcmStart, 0);
}

DevicePath::~DevicePath() = default;

void DevicePath::Send() {
  const size_t bytes = static_cast<size_t>(period_frames_) * kFrameBytes;
  if (at_ + bytes > sound_.size()) at_ = 0;
  driver_.SendTx(0, absl::MakeConstSpan(sound_).subspan(at_, bytes), 4096);
  at_ += bytes;
}

void DevicePath::Play(int frames) {
  const nanoseconds period(int64_t{period_frames_} * 1000000000 / kRate);
  for (int frame = 0; frame < frames; frame += period_frames_) {
    driver_.Advance(period);
    for (size_t i = driver_.CollectTx().size(); i > 0; --i) Send();
  }
}

int64_t DevicePath::packets() const { return output_->packets(); }

}  // namespace earshot
