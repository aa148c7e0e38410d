#ifndef EARSHOT_CLIENT_MONOTONIC_TIME_H_
#define EARSHOT_CLIENT_MONOTONIC_TIME_H_

#include <chrono>

namespace earshot {

using MonotonicTime = std::chrono::steady_clock::time_point;

}  // namespace earshot

#endif  // EARSHOT_CLIENT_MONOTONIC_TIME_H_
