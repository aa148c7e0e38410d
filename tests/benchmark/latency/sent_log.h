#ifndef EARSHOT_TESTS_BENCHMARK_LATENCY_SENT_LOG_H_
#define EARSHOT_TESTS_BENCHMARK_LATENCY_SENT_LOG_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "tests/benchmark/latency/impulse_signal.h"

namespace earshot {

// Monotonic time as the lines of all programs of the latency rig have it.
inline int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// "sent NUMBER ID NS": the block that begins an impulse was handed over then.
inline void LogSent(const std::vector<Impulse>& impulses, int64_t time_ns) {
  for (const Impulse& impulse : impulses) {
    std::fprintf(stderr, "sent %lld %d %lld\n",
                 static_cast<long long>(impulse.number), impulse.id(),
                 static_cast<long long>(time_ns));
  }
}

}  // namespace earshot

#endif  // EARSHOT_TESTS_BENCHMARK_LATENCY_SENT_LOG_H_
