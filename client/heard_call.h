#ifndef EARSHOT_CLIENT_HEARD_CALL_H_
#define EARSHOT_CLIENT_HEARD_CALL_H_

#include <cstdint>
#include <map>
#include <optional>

#include "client/fake_play_calls.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// Ends the process with a word of what is broken.
void Require(bool condition, const char* what);

// One call as its server has heard it, for fuzz targets: whether it is well
// said, from Open to End, whatever the server says meanwhile. It ends the
// process where it is not.
class HeardCall {
 public:
  // What all calls of a stream have said together.
  struct Stream {
    std::map<uint64_t, int64_t> granted;  // by epoch
    uint64_t epoch = 0;                   // of the sound that was said last
    int64_t position = 0;                 // where that ended
  };

  // Its packets have so many frames each. `stream` outlives it.
  HeardCall(int packet_frames, Stream& stream)
      : packet_frames_(packet_frames), stream_(stream) {}

  FakePlayCall& call() { return call_; }
  // Judges the write that is in flight, once.
  void Look();
  // It has come to the server.
  void Take();
  // The server says it.
  void Say(const v1::PlayResponse& response);

  const std::optional<v1::Open>& open() const { return open_; }
  bool opened() const { return opened_; }
  uint64_t last_ping() const { return last_ping_; }
  uint64_t epoch() const { return epoch_; }
  bool in_epoch() const { return in_epoch_; }
  uint64_t drained() const { return drained_; }  // the last that was said so
  // Where what was said ends; not known right after a resume.
  const std::optional<int64_t>& position() const { return position_; }
  bool silent() const { return silent_; }
  int64_t granted() const { return granted_; }
  int packets() const { return packets_; }

 private:
  void HearBegin(const v1::Begin& begin);
  void HearSound(const v1::PlayRequest& request);
  void HearPacket(const v1::Packet& packet);
  void Stand(int64_t position);
  void Grant(int64_t granted);

  FakePlayCall call_;
  const int packet_frames_;
  Stream& stream_;
  const v1::PlayRequest* seen_ = nullptr;  // the write that was looked at
  std::optional<v1::Open> open_;
  bool opened_ = false;
  bool resumed_ = false;
  int initial_window_ms_ = 0;
  uint64_t last_ping_ = 0;
  uint64_t epoch_ = 0;
  uint64_t drained_ = 0;
  bool in_epoch_ = false;
  std::optional<int64_t> position_;
  int64_t granted_ = 0;
  // Of epochs that it may have begun already, unheard.
  std::map<uint64_t, int64_t> promised_;
  bool silent_ = false;
  int pre_roll_ = 0;  // frames of it that are still to come
  int packets_ = 0;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_HEARD_CALL_H_
