#ifndef EARSHOT_SERVER_PAYLOAD_CHECK_H_
#define EARSHOT_SERVER_PAYLOAD_CHECK_H_

#include <cstdint>
#include <string>

#include "server/refusal.h"
#include "server/stream_types.h"

namespace earshot {

// Whether a packet's payload can hold the frames that the client says it holds,
// of an epoch whose decoder has so many frames left to drop. *decoded is what
// it decodes to. It only looks at the payload; any thread may ask.
Refusal CheckPayload(const EpochParams& params, int left_to_drop,
                     int64_t frame_count, const std::string& payload,
                     int* decoded);

}  // namespace earshot

#endif  // EARSHOT_SERVER_PAYLOAD_CHECK_H_
