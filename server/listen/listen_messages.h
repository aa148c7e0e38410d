#ifndef EARSHOT_SERVER_LISTEN_LISTEN_MESSAGES_H_
#define EARSHOT_SERVER_LISTEN_LISTEN_MESSAGES_H_

#include <grpcpp/support/slice.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "server/listen/played.h"
#include "server/play_volume.h"
#include "server/session_state.h"
#include "server/stream_types.h"

namespace earshot {

// A ListenResponse of the contract, as its bytes: made once, whoever listens.
using ListenMessage = grpc::Slice;

ListenMessage MessageOf(const Played& played);
ListenMessage VolumeMessage(const VolumeSetting& volume);
ListenMessage ClockMessage(SessionState state,
                           std::chrono::nanoseconds sink_latency,
                           MonotonicTime now);
ListenMessage MovedForwardMessage(int64_t packets);
ListenMessage StreamClosedMessage(const std::string& reason);

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_LISTEN_MESSAGES_H_
