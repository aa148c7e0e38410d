#ifndef EARSHOT_CLIENT_REMOTE_PLAYER_H_
#define EARSHOT_CLIENT_REMOTE_PLAYER_H_

// Sketch of the border that device/ and the CLI use; the implementer owns it.

namespace earshot {

// Plays the PCM of one source (a guest's stream, a file) at the playback
// service, on the service's clock: PacingClock and CreditWindow say how much
// may leave, PacketEncoder codes it, PlaybackStream carries it.
// Thread: the loop of its executor; every call must come from there.
class RemotePlayer;

}  // namespace earshot

#endif  // EARSHOT_CLIENT_REMOTE_PLAYER_H_
