#include "client/frame_scale.h"

#include <limits>
#include <numeric>

namespace earshot {
namespace {

// frames * to / from, rounded up by `up`, at most what there is room for.
int64_t Scaled(int64_t frames, int64_t from, int64_t to, int64_t up) {
  const int64_t whole = frames / from;
  if (whole > std::numeric_limits<int64_t>::max() / to - 1) {
    return std::numeric_limits<int64_t>::max();
  }
  return whole * to + (frames % from * to + up) / from;
}

}  // namespace

FrameScale::FrameScale(int source_rate_hz, int stream_rate_hz)
    : source_(source_rate_hz / std::gcd(source_rate_hz, stream_rate_hz)),
      stream_(stream_rate_hz / std::gcd(source_rate_hz, stream_rate_hz)) {}

int64_t FrameScale::ToStream(int64_t source_frames) const {
  return Scaled(source_frames, source_, stream_, source_ - 1);
}

int64_t FrameScale::ToSource(int64_t stream_frames) const {
  return Scaled(stream_frames, stream_, source_, 0);
}

}  // namespace earshot
