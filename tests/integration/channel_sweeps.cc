#include "tests/integration/channel_sweeps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <numbers>

namespace earshot {
namespace {

constexpr double kLevel = 0.4;
constexpr int kMaxLag = 8;
// Where sound begins and ends, a resampler's and a codec's filters ring.
constexpr double kEdgeSeconds = 0.02;
constexpr double kAlike = 0.9;
constexpr double kUnlike = 0.4;

// ALSA has low frequency effects there, if there are any.
constexpr int kLowFrequencyChannel = 5;

// For each channel of a WAV file, which is in the order of the bits of its
// mask, the guest's channel, which is in ALSA's order.
const std::vector<int>& GuestChannels(int channels) {
  static const auto* const kOrders = new std::vector<std::vector<int>>{
      {},
      {0},
      {0, 1},
      {0, 1, 2},                  // FL FR FC
      {0, 1, 2, 3},               // FL FR RL RR
      {0, 1, 4, 2, 3},            // FL FR RL RR FC
      {0, 1, 4, 5, 2, 3},         // FL FR RL RR FC LFE
      {0, 1, 4, 5, 6, 2, 3},      // FL FR SL SR FC LFE RC
      {0, 1, 4, 5, 2, 3, 6, 7}};  // FL FR RL RR FC LFE SL SR
  return (*kOrders)[static_cast<size_t>(channels)];
}

struct Layout {
  int bytes;
  int bits;  // that count; 0 for floating point
  bool is_unsigned;
};

Layout LayoutOf(SampleFormat format) {
  switch (format) {
    case SampleFormat::kS8:
      return {1, 8, false};
    case SampleFormat::kU8:
      return {1, 8, true};
    case SampleFormat::kS16:
      return {2, 16, false};
    case SampleFormat::kU16:
      return {2, 16, true};
    case SampleFormat::kS18In3:
      return {3, 18, false};
    case SampleFormat::kU18In3:
      return {3, 18, true};
    case SampleFormat::kS20In3:
      return {3, 20, false};
    case SampleFormat::kU20In3:
      return {3, 20, true};
    case SampleFormat::kS24In3:
      return {3, 24, false};
    case SampleFormat::kU24In3:
      return {3, 24, true};
    case SampleFormat::kS20:
      return {4, 20, false};
    case SampleFormat::kU20:
      return {4, 20, true};
    case SampleFormat::kS24:
      return {4, 24, false};
    case SampleFormat::kU24:
      return {4, 24, true};
    case SampleFormat::kS32:
      return {4, 32, false};
    case SampleFormat::kU32:
      return {4, 32, true};
    case SampleFormat::kFloat32:
      return {4, 0, false};
    case SampleFormat::kFloat64:
      return {8, 0, false};
  }
  return {0, 0, false};
}

// Puts a value into a sample, and returns what the sample then says.
double PutSample(SampleFormat format, double value, uint8_t* bytes) {
  const Layout layout = LayoutOf(format);
  if (format == SampleFormat::kFloat32) {
    const auto sample = static_cast<float>(value);
    std::memcpy(bytes, &sample, sizeof(sample));
    return sample;
  }
  if (format == SampleFormat::kFloat64) {
    std::memcpy(bytes, &value, sizeof(value));
    return value;
  }
  const double scale = std::ldexp(1.0, layout.bits - 1);
  const int64_t sample = std::llrint(value * scale);
  const int64_t stored =
      layout.is_unsigned ? sample + (int64_t{1} << (layout.bits - 1)) : sample;
  std::memcpy(bytes, &stored, static_cast<size_t>(layout.bytes));
  return static_cast<double>(sample) / scale;
}

// Signal to noise in dB, and how alike two sounds are: 1 if they are the same
// but for their level.
struct Likeness {
  double signal = 0;
  double noise = 0;
  double power = 0;
  double product = 0;

  void Add(double want, double got) {
    signal += want * want;
    noise += (want - got) * (want - got);
    power += got * got;
    product += want * got;
  }
  double snr_db() const {
    return 10 * std::log10(signal / std::max(noise, 1e-12));
  }
  double alike() const {
    return product / std::sqrt(std::max(signal * power, 1e-12));
  }
};

}  // namespace

bool ChannelSweeps::IsLow(int channel) const {
  return channels_ > kLowFrequencyChannel && channel == kLowFrequencyChannel;
}

double ChannelSweeps::Value(int channel, double seconds) const {
  const double hz =
      IsLow(channel) ? 40 + 40 * seconds : 500 + 250 * channel + 300 * seconds;
  return kLevel * std::sin(2 * std::numbers::pi * hz * seconds);
}

std::vector<uint8_t> ChannelSweeps::Guest(const PcmFormat& format, int rate_hz,
                                          int frames) const {
  const auto size = static_cast<size_t>(SampleBytes(format.format));
  std::vector<uint8_t> bytes(static_cast<size_t>(frames) *
                             static_cast<size_t>(channels_) * size);
  uint8_t* sample = bytes.data();
  for (int frame = 0; frame < frames; ++frame) {
    for (int channel = 0; channel < channels_; ++channel, sample += size) {
      PutSample(format.format,
                Value(channel, static_cast<double>(frame) / rate_hz), sample);
    }
  }
  return bytes;
}

std::vector<int16_t> ChannelSweeps::Lossless(const PcmFormat& format,
                                             int rate_hz, int frames) const {
  std::vector<int16_t> samples;
  uint8_t bytes[8];
  for (int frame = 0; frame < frames; ++frame) {
    for (const int channel : GuestChannels(channels_)) {
      const double value = PutSample(
          format.format, Value(channel, static_cast<double>(frame) / rate_hz),
          bytes);
      samples.push_back(static_cast<int16_t>(
          std::lrint(static_cast<float>(value) * 32768.0f)));
    }
  }
  return samples;
}

ChannelSweeps::Heard ChannelSweeps::Compare(const Recording& recording) const {
  const std::vector<int>& guest = GuestChannels(channels_);
  const auto channels = static_cast<size_t>(channels_);
  const auto edge = static_cast<int>(kEdgeSeconds * recording.rate_hz);
  const auto frames = static_cast<int>(recording.frames());
  std::vector<std::vector<double>> sweeps(channels);
  for (int channel = 0; channel < channels_; ++channel) {
    for (int frame = -kMaxLag; frame < frames + kMaxLag; ++frame) {
      sweeps[static_cast<size_t>(channel)].push_back(
          Value(channel, static_cast<double>(frame) / recording.rate_hz));
    }
  }
  auto likeness = [&](size_t in_file, int of_guest, int lag) {
    const std::vector<double>& sweep = sweeps[static_cast<size_t>(of_guest)];
    Likeness result;
    for (int frame = edge; frame < frames - edge; ++frame) {
      result.Add(
          sweep[static_cast<size_t>(frame - lag + kMaxLag)],
          recording.samples[static_cast<size_t>(frame) * channels + in_file] /
              32768.0);
    }
    return result;
  };
  Heard heard = {.snr_db = 1000, .low_snr_db = 1000};
  for (size_t i = 0; i < channels; ++i) {
    const Likeness own = likeness(i, guest[i], 0);
    double& worst = IsLow(guest[i]) ? heard.low_snr_db : heard.snr_db;
    worst = std::min(worst, own.snr_db());
    bool ok = own.alike() > kAlike;
    for (int other = 0; other < channels_; ++other) {
      if (other == guest[i]) continue;
      ok = ok && std::abs(likeness(i, other, 0).alike()) < kUnlike;
    }
    heard.channels_ok += ok ? 1 : 0;
  }
  double least = 1e9;
  for (int lag = -kMaxLag; lag <= kMaxLag; ++lag) {
    double noise = 0;
    for (size_t i = 0; i < channels; ++i) {
      noise += likeness(i, guest[i], lag).noise;
    }
    if (noise >= least) continue;
    least = noise;
    heard.lag_frames = lag;
  }
  return heard;
}

}  // namespace earshot
