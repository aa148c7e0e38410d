#ifndef EARSHOT_CLIENT_RESPONSE_CHECKER_H_
#define EARSHOT_CLIENT_RESPONSE_CHECKER_H_

#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// Believes nothing that a server says until it fits what the client has said on
// this call, and on those that it goes on from: epochs, positions, grants.
// Knows no gRPC. Thread: the loop of its owner. Positions are frames since the
// epoch began.
class ResponseChecker {
 public:
  // Another call begins; only a server that was shown a token may go on where
  // the one before ended.
  void OnOpen(bool token_shown);
  // What the client said.
  void OnBegin(uint64_t epoch, int64_t position, int rate_hz);
  // Everything before `position` was sent or skipped.
  void OnSent(int64_t position);
  void OnSilence();
  void OnEnd(int64_t end_frame);

  // Whether the server may say so now; takes note of it. A grant that is
  // further ahead than any server needs is cut down. INVALID_ARGUMENT names the
  // field.
  absl::Status Check(v1::PlayResponse& response);

  // An epoch runs: begun and not ended.
  bool in_epoch() const { return !epochs_.empty() && !epochs_.back().ended; }

 private:
  struct Epoch {
    uint64_t id = 0;
    int rate_hz = 0;
    int64_t sent = 0;
    bool ended = false;
    // Since silence was declared the server may be ahead of what was sent, and
    // may go back to where it ends.
    bool had_silence = false;
    int64_t granted = 0;
    int64_t received = 0;
    int64_t played = 0;
  };

  absl::Status CheckOpened(v1::Opened& opened);
  absl::Status CheckResumed(const v1::Opened& opened);
  absl::Status CheckProgress(v1::Progress& progress);
  absl::Status CheckDrained(const v1::Drained& drained);
  static absl::Status CheckVolume(const v1::Volume& volume);
  Epoch* Find(uint64_t id);

  bool opened_ = false;
  bool token_shown_ = false;
  uint64_t last_drained_ = 0;
  std::deque<Epoch> epochs_;  // oldest first; all but the last have ended
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_RESPONSE_CHECKER_H_
