#ifndef EARSHOT_SERVER_LISTEN_PLAYED_H_
#define EARSHOT_SERVER_LISTEN_PLAYED_H_

#include <cstdint>
#include <string>

#include "server/session_state.h"
#include "server/stream_types.h"

namespace earshot {

// Something that a stream's play-out does, as it does it. Positions are frames
// of the stream, and belong to the epoch that began last.
struct Played {
  enum class Kind {
    kEpoch,       // `params` begins to be played
    kPacket,      // `payload` was decoded
    kSilence,     // digital silence begins
    kStandstill,  // nothing to play, because of `state`
    kSkip,        // `frame_count` frames are passed over
    kEnd,         // the epoch is over
  };
  Kind kind = Kind::kStandstill;
  // When the sink's clock consumes the first frame.
  MonotonicTime due;
  int64_t first_frame = 0;
  int64_t frame_count = 0;  // of a packet: those that are heard
  int drop_frames = 0;      // that its decoder puts out before them
  bool restart = false;     // the decoder starts anew before it
  std::string payload = {};
  SessionState state = SessionState::kPlaying;
  EpochParams params = {};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_LISTEN_PLAYED_H_
