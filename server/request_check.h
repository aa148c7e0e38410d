#ifndef EARSHOT_SERVER_REQUEST_CHECK_H_
#define EARSHOT_SERVER_REQUEST_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/earshot/v1/playback.pb.h"
#include "server/play_volume.h"
#include "server/refusal.h"
#include "server/session.h"
#include "server/stream_entry.h"
#include "server/stream_types.h"

namespace earshot {

// Checks what a client says, as far as it needs no knowledge of the stream,
// and turns it into our own words.

// vms/{vm}/streams/{id}, or of a probe vms/{vm}/probes/{id}.
Refusal CheckStreamName(const std::string& name, const char* field,
                        std::string* vm, std::string* id);
// Fills name, vm, id, probe, client and labels.
Refusal CheckOpen(const v1::Open& open, StreamInfo* info);
// Fills everything but first_frame.
Refusal CheckBegin(const v1::Begin& begin, EpochParams* params);
// `said`: null if the request has none. `field` is where it stands.
Refusal CheckVolume(const v1::Volume* said, absl::string_view field,
                    VolumeSetting* volume);

// Hands one message (Packet to SetVolume) to the session.
Refusal Apply(v1::PlayRequest* request, Session* session, uint64_t call,
              MonotonicTime now);

}  // namespace earshot

#endif  // EARSHOT_SERVER_REQUEST_CHECK_H_
