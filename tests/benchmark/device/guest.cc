// A guest that plays one sound through a real earshot-device, as Linux's
// virtio_snd and aplay would, in real time, until its seconds are over or
// SIGTERM comes. Says "playing" once it does.
#include <algorithm>
#include <atomic>
#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/benchmark/chord.h"
#include "tests/integration/sound_guest.h"

namespace earshot {
namespace {

constexpr int kRate = 48000;
constexpr int kFrameBytes = 4;
constexpr std::chrono::milliseconds kTurn(50);

std::atomic<bool> stopping{false};

// A second of it, again and again.
SoundGuest::Source Repeat(const std::vector<int16_t>& second) {
  std::vector<uint8_t> bytes(second.size() * sizeof(int16_t));
  std::memcpy(bytes.data(), second.data(), bytes.size());
  return [bytes](size_t offset, absl::Span<uint8_t> out) {
    while (!out.empty()) {
      const size_t at = offset % bytes.size();
      const size_t count = std::min(out.size(), bytes.size() - at);
      std::memcpy(out.data(), bytes.data() + at, count);
      out.remove_prefix(count);
      offset += count;
    }
  };
}

absl::Status Play(const std::string& socket, const std::string& sound,
                  double seconds) {
  auto guest = SoundGuest::Connect(socket);
  if (!guest.ok()) return guest.status();
  std::vector<int16_t> second = MakeChordS16();
  if (sound == "silence") std::fill(second.begin(), second.end(), 0);
  const size_t bytes = static_cast<size_t>(seconds * kRate) * kFrameBytes;
  absl::Status status = (*guest)->Begin({}, bytes, Repeat(second));
  if (!status.ok()) return status;
  std::puts("playing");
  std::fflush(stdout);
  while (!stopping && (*guest)->completed_bytes() < bytes) {
    const auto completed = (*guest)->CollectWithin(kTurn);
    if (!completed.ok()) return completed.status();
    (*guest)->Refill();
  }
  return (*guest)->End();
}

int Main(int argc, char** argv) {
  namespace po = boost::program_options;
  std::string socket;
  std::string sound;
  double seconds = 0;
  po::options_description options("Flags");
  options.add_options()("socket", po::value(&socket)->required(),
                        "the device's socket")(
      "sound", po::value(&sound)->default_value("chord"), "chord or silence")(
      "seconds", po::value(&seconds)->default_value(10), "how long to play");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "guest: %s\n", error.what());
    return 2;
  }
  std::signal(SIGTERM, [](int) { stopping = true; });
  const absl::Status status = Play(socket, sound, seconds);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) { return earshot::Main(argc, argv); }
