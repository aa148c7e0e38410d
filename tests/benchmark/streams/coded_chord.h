#ifndef EARSHOT_TESTS_BENCHMARK_STREAMS_CODED_CHORD_H_
#define EARSHOT_TESTS_BENCHMARK_STREAMS_CODED_CHORD_H_

#include <opus/opus.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace earshot {

// A second of a chord at 48 kHz in stereo, coded by Opus at 128 kbit/s, packet
// by packet.
inline std::vector<std::string> CodedChord(int packet_frames) {
  constexpr int kRate = 48000;
  constexpr double kPi = 3.14159265358979;
  int error = OPUS_OK;
  OpusEncoder* encoder = opus_encoder_create(
      kRate, 2, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(128000));
  std::vector<std::string> packets;
  std::vector<float> pcm(static_cast<size_t>(packet_frames) * 2);
  for (int first = 0; first + packet_frames <= kRate; first += packet_frames) {
    for (int i = 0; i < packet_frames; ++i) {
      const double t = 2 * kPi * (first + i) / kRate;
      const auto sample = static_cast<float>(
          0.2 * (std::sin(220 * t) + std::sin(277 * t) + std::sin(330 * t)));
      pcm[static_cast<size_t>(2 * i)] = sample;
      pcm[static_cast<size_t>(2 * i + 1)] = -sample;
    }
    unsigned char payload[1500];
    const int bytes = opus_encode_float(encoder, pcm.data(), packet_frames,
                                        payload, sizeof(payload));
    packets.emplace_back(reinterpret_cast<char*>(payload),
                         static_cast<size_t>(std::max(bytes, 0)));
  }
  opus_encoder_destroy(encoder);
  return packets;
}

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_STREAMS_CODED_CHORD_H_
