#ifndef EARSHOT_SERVER_STREAM_PROTO_H_
#define EARSHOT_SERVER_STREAM_PROTO_H_

#include "proto/earshot/v1/admin.pb.h"
#include "server/stream_registry.h"

namespace earshot {

// A stream in the words of the contract.
v1::Stream ToProto(const StreamView& view);

}  // namespace earshot

#endif  // EARSHOT_SERVER_STREAM_PROTO_H_
