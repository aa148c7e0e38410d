// For callgrind: so many packets from the TX ring through the encoder, or, with
// --bare, of libopus alone.
#include <opus/opus.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "tests/benchmark/chord.h"
#include "tests/benchmark/device/device_path.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kChannels = 2;
constexpr int kPacketFrames = 480;

void PlayBare(int complexity, int packets) {
  const std::vector<float> pcm = MakeChord();
  int error = OPUS_OK;
  OpusEncoder* encoder = opus_encoder_create(
      kRate, kChannels, OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(128000));
  opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
  unsigned char payload[1500];
  for (int packet = 0; packet < packets; ++packet) {
    const size_t at = size_t{kPacketFrames} * packet % kRate * kChannels;
    if (opus_encode_float(encoder, pcm.data() + at, kPacketFrames, payload,
                          sizeof(payload)) < 0) {
      std::abort();
    }
  }
  opus_encoder_destroy(encoder);
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  int packets = 0;
  int complexity = 10;
  po::options_description options("Flags");
  options.add_options()("packets", po::value(&packets)->required(), "how many")(
      "complexity", po::value(&complexity), "of Opus")("bare", "libopus alone");
  po::variables_map values;
  try {
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "path: %s\n", error.what());
    return 2;
  }
  if (values.count("bare") > 0) {
    PlayBare(complexity, packets);
    return 0;
  }
  auto path = DevicePath::Create(complexity, kPacketFrames);
  if (!path.ok()) return 1;
  (*path)->Play(packets * kPacketFrames);
  return 0;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
