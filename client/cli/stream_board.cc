#include "client/cli/stream_board.h"

namespace earshot {
namespace {

// Of one that is closed, nothing more is said; the service itself forgets it
// after so long.
constexpr std::chrono::minutes kKeepClosed{10};
// How often in a row one that is open may not be heard of.
constexpr int kMissed = 5;

}  // namespace

void StreamBoard::Take(const v1::Stream& stream, Time now) {
  known_[stream.name()] = {stream, now};
}

std::vector<v1::Stream> StreamBoard::Streams(Time now) {
  std::vector<v1::Stream> streams;
  for (auto it = known_.begin(); it != known_.end();) {
    const auto& [stream, heard] = it->second;
    const bool closed = stream.state() == v1::STREAM_STATE_CLOSED;
    const std::chrono::milliseconds keep =
        closed ? kKeepClosed : kMissed * interval_;
    if (now - heard > keep) {
      it = known_.erase(it);
    } else {
      streams.push_back(stream);
      ++it;
    }
  }
  return streams;
}

}  // namespace earshot
