// Plays numbered sound (numbered_pcm.h) through a real earshot-device, as
// Linux's virtio_snd and aplay would, in real time, until its seconds are over
// or SIGTERM comes. Each completion is one line of the standard output:
//
//   time_ns,completed_frames,latency_bytes,ring_frames,turn_us
//
// with the monotonic time at which it was seen, all that has been completed,
// the latency that the device reports, what of the ring had not been completed,
// and how long this program had not looked: what is above its usual 5 ms is
// its own fault, or that of a busy machine. The last line is `end` and, where
// something went wrong, what that was. tests/faults/rig/guest_view.py reads it.
#include <atomic>
#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tests/faults/feeder/numbered_pcm.h"
#include "tests/integration/sound_guest.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRate = 48000;
constexpr std::chrono::milliseconds kTurn(5);

std::atomic<bool> stopping{false};

struct Flags {
  std::string socket;
  int period = 480;  // frames
  int ring = 1920;   // frames
  double seconds = 10;
};

bool Parse(int argc, char** argv, Flags& flags) {
  namespace po = boost::program_options;
  po::options_description options("Flags");
  options.add_options()("socket", po::value(&flags.socket)->required(),
                        "the device's socket")(
      "period", po::value(&flags.period), "frames of a period")(
      "ring", po::value(&flags.ring), "frames of the ring buffer")(
      "seconds", po::value(&flags.seconds), "how long to play");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "feeder: %s\n", error.what());
    return false;
  }
  return true;
}

absl::Status Feed(SoundGuest& guest, size_t bytes) {
  Clock::time_point last = Clock::now();
  while (guest.completed_bytes() < bytes) {
    const absl::StatusOr<int> completed = guest.CollectWithin(kTurn);
    if (!completed.ok()) return completed.status();
    const Clock::time_point now = Clock::now();
    const auto turn = now - last;
    last = now;
    if (*completed > 0) {
      std::printf(
          "%lld,%zu,%u,%zu,%lld\n",
          static_cast<long long>(now.time_since_epoch().count()),
          guest.completed_bytes() / kNumberedFrameBytes, guest.latency_bytes(),
          (guest.queued_bytes() - guest.completed_bytes()) /
              kNumberedFrameBytes,
          static_cast<long long>(
              std::chrono::duration_cast<std::chrono::microseconds>(turn)
                  .count()));
    }
    if (stopping) return absl::OkStatus();
    guest.Refill();
  }
  return absl::OkStatus();
}

absl::Status Run(const Flags& flags) {
  auto guest = SoundGuest::Connect(flags.socket);
  if (!guest.ok()) return guest.status();
  const size_t bytes =
      static_cast<size_t>(flags.seconds * kRate) * kNumberedFrameBytes;
  absl::Status status = (*guest)->Begin({.format = kSndFormatS16,
                                         .channels = 2,
                                         .period_frames = flags.period,
                                         .buffer_frames = flags.ring},
                                        bytes, FillWithNumbers);
  if (!status.ok()) return status;
  std::printf("begin\n");
  std::fflush(stdout);
  status = Feed(**guest, bytes);
  if (!status.ok()) return status;
  status = (*guest)->End();
  std::printf("fed,%zu\n", (*guest)->completed_bytes() / kNumberedFrameBytes);
  return status;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  earshot::Flags flags;
  if (!earshot::Parse(argc, argv, flags)) return 2;
  for (const int signal : {SIGTERM, SIGINT}) {
    std::signal(signal, [](int) { earshot::stopping = true; });
  }
  const absl::Status status = earshot::Run(flags);
  std::printf("end%s%s\n", status.ok() ? "" : ",",
              status.ok() ? "" : std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
