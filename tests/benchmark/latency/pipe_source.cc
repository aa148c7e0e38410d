// Writes the impulse signal into a FIFO in real time, as a program does that
// gives its sound to a streamer: each block of 5 ms at the moment at which its
// first frame is due.
//   pipe_source FIFO SEED
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/benchmark/latency/impulse_signal.h"
#include "tests/benchmark/latency/sent_log.h"

namespace earshot {
namespace {

constexpr int kBlockFrames = 240;
// The least that a FIFO may hold, 21 ms: should the reader stand still, not
// more than that piles up.
constexpr int kFifoBytes = 4096;

int Run(const char* path, uint32_t seed) {
  const int fifo = open(path, O_WRONLY | O_CLOEXEC);
  if (fifo < 0) {
    std::perror(path);
    return 1;
  }
  fcntl(fifo, F_SETPIPE_SZ, kFifoBytes);
  ImpulseSignal signal(seed);
  std::vector<int16_t> block(kBlockFrames * kImpulseChannels);
  auto due = std::chrono::steady_clock::now();
  while (true) {
    std::this_thread::sleep_until(due);
    due += std::chrono::microseconds(int64_t{1000000} * kBlockFrames /
                                     kImpulseRate);
    const std::vector<Impulse> impulses = signal.Render(absl::MakeSpan(block));
    LogSent(impulses, NowNs());
    const auto* bytes = reinterpret_cast<const char*>(block.data());
    size_t left = block.size() * sizeof(int16_t);
    while (left > 0) {
      const ssize_t written = write(fifo, bytes, left);
      if (written < 0) {
        std::perror("write");
        return 1;
      }
      bytes += written;
      left -= written;
    }
  }
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "pipe_source FIFO SEED\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  return earshot::Run(argv[1], std::strtoul(argv[2], nullptr, 10));
}
