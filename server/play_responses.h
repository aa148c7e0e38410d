#ifndef EARSHOT_SERVER_PLAY_RESPONSES_H_
#define EARSHOT_SERVER_PLAY_RESPONSES_H_

#include <string>

#include "proto/earshot/v1/playback.pb.h"
#include "server/session.h"

namespace earshot {

// From our words to the contract's.
v1::Opened ToProto(const Attachment& attachment, const std::string& token,
                   const PlayoutConfig& config);
v1::Progress ToProto(const ProgressReport& report);
v1::Drained ToProto(const DrainedReport& report);
v1::Volume ToProto(const VolumeSetting& setting);

}  // namespace earshot

#endif  // EARSHOT_SERVER_PLAY_RESPONSES_H_
