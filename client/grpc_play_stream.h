#ifndef EARSHOT_CLIENT_GRPC_PLAY_STREAM_H_
#define EARSHOT_CLIENT_GRPC_PLAY_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "client/play_stream.h"

namespace earshot {

// A call on that channel. Ends of operations are told on a thread that all such
// calls of the process share, and that stays with it, or within AtOnce().
//
// Why not gRPC's callback API: its two threads take turns, each waking the
// other, and every write wakes them up to tell that it has ended. That is more
// than the write itself costs.
std::unique_ptr<PlayStream> MakeGrpcPlayStream(
    const std::shared_ptr<grpc::Channel>& channel);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_GRPC_PLAY_STREAM_H_
